"""Masks without their border, which several metrics look at."""

import numpy as np


def shrunk(mask: np.ndarray, pixels: int) -> np.ndarray:
    """A mask (H, W), bool, less its border of at least 1 px; the frame is no border. Bool (H, W)."""
    from scipy.ndimage import binary_erosion

    kept: np.ndarray = binary_erosion(mask, iterations=pixels, border_value=1)
    return kept
