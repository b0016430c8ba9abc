"""Peak signal-to-noise ratio of two images."""

import math

import numpy as np

from stages.metrics import ImageMetric
from stages.scoring.pixels import mean_squared_error


def psnr(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB for a data range of 1, at least 0; inf for identical images.

    Arguments, the nan of an empty mask and errors are those of `rmse`.
    """
    error = mean_squared_error(a, b, mask)
    return math.inf if error == 0 else -10 * math.log10(error)


ENTRY = ImageMetric(
    direction="higher",
    range=(0, math.inf),
    views=("whole", "self-transfer", "kept", "outside", "taken", "region"),
    source="Zhu et al. 2021, Table 1",
    names=lambda setup: [f"PSNR@{setup.size}"],
    prepare=lambda _: lambda pair: [psnr(pair.a.small, pair.b.small, pair.mask)],
)
