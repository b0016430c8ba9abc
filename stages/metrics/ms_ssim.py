"""Multi-scale structural similarity of two images."""

import numpy as np

from stages.metrics import ImageMetric
from stages.metrics.ssim import SSIM_SIGMA, SSIM_WINDOW
from stages.scoring.pixels import checked_pair

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, from the finest; Wang et al. 2003, section 3.2
K1, K2 = 0.01, 0.03  # of the constants, as in SSIM
SMALLEST = SSIM_WINDOW * 2 ** (len(WEIGHTS) - 1)  # px of an image whose coarsest scale is as large as the window


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Contrast and structure at five scales times the luminance at the coarsest, each to its weight; 1 if identical.

    Windows that reach outside of the image are left out, each scale is halved by averaging, a negative mean of a scale
    counts as 0, and the result is the mean over the channels.

    Args:
        a, b: floating point (H, W, 3) in [0, 1], at least 176x176.

    Returns:
        A number in [0, 1].

    Raises:
        ValueError: an image is not as above, or their sizes differ.

    Source: Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality assessment", Asilomar 2003.
    """
    a, b = checked_pair(a, b)
    if min(a.shape[:2]) < SMALLEST:
        raise ValueError(f"MS-SSIM needs at least {SMALLEST}x{SMALLEST} pixels, not {a.shape[0]}x{a.shape[1]}")
    products = np.ones(3)
    for k, weight in enumerate(WEIGHTS):
        if k:
            a, b = _halved(a), _halved(b)
        luminance, structure = _similarity(a, b)
        last = k == len(WEIGHTS) - 1
        products *= np.maximum(0, (luminance * structure if last else structure).mean((0, 1))) ** weight
    return float(products.mean())


def _halved(image: np.ndarray) -> np.ndarray:
    height, width = (n // 2 * 2 for n in image.shape[:2])
    blocks = image[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
    halved: np.ndarray = blocks.mean((1, 3))
    return halved


def _similarity(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luminance, and contrast times structure, of every window inside the image and every channel."""
    from scipy.ndimage import gaussian_filter

    radius = SSIM_WINDOW // 2

    def blurred(image: np.ndarray) -> np.ndarray:
        inside: np.ndarray = gaussian_filter(image, (SSIM_SIGMA, SSIM_SIGMA, 0), radius=(radius, radius, 0))
        return inside[radius:-radius, radius:-radius]

    mean_a, mean_b = blurred(a), blurred(b)
    variance_a, variance_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    covariance = blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + K1**2) / (mean_a**2 + mean_b**2 + K1**2)
    return luminance, (2 * covariance + K2**2) / (variance_a + variance_b + K2**2)


ENTRY = ImageMetric(
    direction="higher",
    range=(0, 1),
    views=("whole",),
    source="Wang, Simoncelli and Bovik 2003",
    names=lambda setup: [f"MS-SSIM@{setup.size}"] if setup.size >= SMALLEST else [],
    prepare=lambda judges: lambda pair: [ms_ssim(pair.a.small, pair.b.small)] if judges.size >= SMALLEST else [],
)
