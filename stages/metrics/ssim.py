"""Structural similarity of two images."""

import numpy as np

from stages.metrics import ImageMetric
from stages.scoring.pixels import checked_pair, checked_weights, weighted_mean

SSIM_SIGMA = 1.5
SSIM_WINDOW = 11  # skimage cuts its Gaussian at 3.5 sigma, which makes Wang et al.'s window of 11


def ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Structural similarity in [-1, 1] with the settings of Wang et al. 2004; 1 for identical images.

    Without a mask this is scikit-image's mean in float64, which leaves out the 5 pixels along the border, where
    the window would reach outside. With a mask the whole map (border reflected), averaged over the channels, is
    averaged under the mask: a region may touch the border. A mask of ones is thus close to no mask, not equal.

    Arguments, the nan of an empty mask and errors are those of `rmse`; images are at least 11x11.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", IEEE TIP 13(4), 2004.
    """
    a, b = checked_pair(a, b)
    weights = None if mask is None else checked_weights(mask, a.shape[:2])
    from skimage.metrics import structural_similarity

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
    return float(mean) if weights is None else weighted_mean(similarity.mean(-1), weights)


ENTRY = ImageMetric(
    direction="higher",
    range=(-1, 1),
    views=("whole", "kept", "outside", "taken", "region"),
    source="Wang, Bovik, Sheikh and Simoncelli 2004; Zhu et al. 2021, Table 1",
    names=lambda setup: [f"SSIM@{setup.size}"],
    prepare=lambda _: lambda pair: [ssim(pair.a.small, pair.b.small, pair.mask)],
)
