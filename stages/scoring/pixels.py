"""What the metrics of two images share: images (H, W, 3) in [0, 1], checked, reduced, and averaged under masks."""

import math

import numpy as np


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Shrink a square image by averaging whole blocks of pixels, so that nothing is interpolated or ringing.

    Args:
        image: (N, N, 3), uint8 in [0, 255] or floating point in [0, 1]; `size` divides N.
        size: edge of the result, at least 1.

    Returns:
        float64 (size, size, 3) in [0, 1].

    Raises:
        ValueError: the image is not as above, or `size` does not divide its edge.
    """
    pixels = np.asarray(image)
    if pixels.dtype == np.uint8:
        scale = 255.0
        _check_shape(pixels)
    else:
        scale = 1.0
        pixels = _image(pixels)
    height, width, _ = pixels.shape
    if height != width:
        raise ValueError(f"a square image is needed, not {height}x{width}")
    if size < 1 or height % size:
        raise ValueError(f"size {size} does not divide the image's edge {height}")
    block = height // size
    means: np.ndarray = pixels.reshape(size, block, size, block, 3).mean((1, 3), dtype=np.float64) / scale
    return means


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """Bring a mask (N, N), bool or in [0, 1], to (size, size) by the mean of whole blocks, or repeated pixels."""
    factor = len(mask) // size
    if factor == 0:
        return np.kron(mask, np.ones((size // len(mask),) * 2))
    means: np.ndarray = mask.reshape(size, factor, size, factor).mean((1, 3))
    return means


def mean_squared_error(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> float:
    """Mean squared error over pixels and channels; arguments, the nan of an empty mask and errors as of `rmse`."""
    a, b = checked_pair(a, b)
    squares = np.square(a - b).mean(-1)
    return float(squares.mean()) if mask is None else weighted_mean(squares, checked_weights(mask, squares.shape))


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Mean of values (H, W) under weights (H, W) in [0, 1]; nan if all weights are 0."""
    total = weights.sum()
    return float((values * weights).sum() / total) if total > 0 else math.nan


def checked_pair(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two images (H, W, 3) as float64; raises ValueError if they are no float images in [0, 1] of one shape."""
    a, b = _image(a), _image(b)
    if a.shape != b.shape:
        raise ValueError(f"images of one shape are needed, not {a.shape} and {b.shape}")
    return a, b


def _image(image: np.ndarray) -> np.ndarray:
    """The image as float64, or ValueError: bytes or [-1, 1] taken for [0, 1] would give plausible, wrong numbers."""
    pixels = np.asarray(image)
    _check_shape(pixels)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"a floating point image in [0, 1] is needed, not {pixels.dtype}")
    pixels = pixels.astype(np.float64, copy=False)
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= 1):  # in this form a nan fails too
        raise ValueError(f"image values must lie in [0, 1], not [{low:g}, {high:g}]")
    return pixels


def _check_shape(pixels: np.ndarray) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ValueError(f"an RGB image (H, W, 3) is needed, not {pixels.shape}")


def checked_weights(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The mask as float64 scaled to a maximum of 1 (or all 0), so that no product or sum can under- or overflow."""
    weights = np.asarray(mask)
    if weights.shape != shape:
        raise ValueError(f"a mask {shape} is needed, not {weights.shape}")
    if weights.dtype.kind not in "buif":
        raise ValueError(f"a mask of booleans or numbers is needed, not {weights.dtype}")
    weights = weights.astype(np.float64)
    peak = weights.max()
    if not (weights.min() >= 0 and peak < math.inf):
        raise ValueError("mask values must be finite and at least 0")
    return weights / peak if peak > 0 else weights
