"""Root of the mean squared error of two images."""

import math

import numpy as np

from stages.metrics import ImageMetric
from stages.scoring.pixels import mean_squared_error


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
    return math.sqrt(mean_squared_error(a, b, mask))


ENTRY = ImageMetric(
    direction="lower",
    range=(0, 1),
    # Not of single regions: PSNR says the same.
    views=("whole", "kept", "taken"),
    source="Zhu et al. 2021, Table 1",
    names=lambda setup: [f"RMSE@{setup.size}"],
    prepare=lambda _: lambda pair: [rmse(pair.a.small, pair.b.small, pair.mask)],
)
