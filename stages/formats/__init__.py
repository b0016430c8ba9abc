"""File formats: atomic writes, images, label maps, tensors, weights."""
