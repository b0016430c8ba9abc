"""Distances between two RGB images, each a float array (H, W, 3) in [0, 1], with an optional mask of weights."""

import math

import numpy as np
from skimage.metrics import structural_similarity

SSIM_SIGMA = 1.5
SSIM_WINDOW = 11  # skimage cuts its Gaussian at 3.5 sigma, which makes Wang et al.'s window of 11


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
    return pixels.reshape(size, block, size, block, 3).mean((1, 3), dtype=np.float64) / scale


def rmse(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Root of the mean squared error over pixels and channels, in [0, 1]; 0 for identical images.

    Args:
        a, b: floating point (H, W, 3) in [0, 1].
        mask: (H, W) weights ≥ 0 of the pixels, boolean or numbers; all pixels count alike without one.

    Returns:
        The error; nan if the mask is empty, that is nowhere above 0.

    Raises:
        ValueError: an image or the mask is not as above, or their sizes differ.
    """
    return math.sqrt(_mean_squared_error(a, b, mask))


def psnr(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB for a data range of 1, at least 0; inf for identical images.

    Arguments, the nan of an empty mask and errors are those of `rmse`.
    """
    error = _mean_squared_error(a, b, mask)
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Structural similarity in [-1, 1] with the settings of Wang et al. 2004; 1 for identical images.

    Without a mask this is scikit-image's mean in float64, which leaves out the 5 pixels along the border, where
    the window would reach outside. With a mask the whole map (border reflected), averaged over the channels, is
    averaged under the mask: a region may touch the border. A mask of ones is thus close to no mask, not equal.

    Arguments, the nan of an empty mask and errors are those of `rmse`; images are at least 11x11.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", IEEE TIP 13(4), 2004.
    """
    a, b = _pair(a, b)
    weights = None if mask is None else _weights(mask, a.shape[:2])
    if min(a.shape[:2]) < SSIM_WINDOW:
        raise ValueError(f"SSIM needs at least {SSIM_WINDOW}x{SSIM_WINDOW} pixels, not {a.shape[0]}x{a.shape[1]}")
    mean, similarity = structural_similarity(
        a,
        b,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
        channel_axis=-1,
        data_range=1,
        full=True,
    )
    return float(mean) if weights is None else _weighted_mean(similarity.mean(-1), weights)


def _mean_squared_error(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> float:
    a, b = _pair(a, b)
    squares = np.square(a - b).mean(-1)
    return float(squares.mean()) if mask is None else _weighted_mean(squares, _weights(mask, squares.shape))


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Mean of values (H, W) under weights (H, W) in [0, 1]; nan if all weights are 0."""
    total = weights.sum()
    return float((values * weights).sum() / total) if total > 0 else math.nan


def _pair(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _weights(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
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
