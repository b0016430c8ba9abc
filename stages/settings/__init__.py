"""What a user sets: params.yaml, lists of images and pairs, checkpoints; and dvc.yaml, which follows from it."""
