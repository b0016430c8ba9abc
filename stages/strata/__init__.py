"""What makes an image or a pair hard: pose, hair, sharpness, tone, differences of a pair; and their classes."""
