"""Kernel distance (unbiased MMD²) of two sets of images; with Inception's features it is the KID."""

import math
from collections.abc import Sequence

import numpy as np

from stages.metrics import SetMetric, SetPart
from stages.scoring.features import INCEPTION, is_clip
from stages.scoring.samples import checked_features
from stages.statistics.images import incidence

ERROR = " SE"  # what is added to the name of a kernel distance for its standard error
TOO_FEW = "too few images: samples that share one are not compared"


def kernel_distance(
    x: np.ndarray, y: np.ndarray, images_x: Sequence[str] | None = None, images_y: Sequence[str] | None = None
) -> tuple[float, float]:
    """Unbiased MMD² of two sets of features with the kernel (xᵀy/d + 1)³, and its standard error.

    With Inception features it is the KID. The mean over all subsets of any one size is this number, so no subset is
    drawn. Samples that share an image are not independent, so the kernel of two such samples is left out: between an
    image and what was made from it, and between two results of one image. The error is a jackknife that leaves out each
    image in turn, with all samples made from it; the deviation over random subsets, which other tools give, is that of
    an estimate from so few.

    Args:
        x, y: finite features (n, d) and (m, d) with n, m ≥ 2.
        images_x, images_y: the images of each sample, as `stages.statistics.images.joined` gives them. None: each
            sample is an image of its own.

    Returns:
        The distance, which may lie below 0 because it is unbiased, nan if no two samples of a set are independent; its
        error, nan if that holds as soon as some image is left out.

    Raises:
        ValueError: the features are not as above, their d differs, or a set has not as many images as samples.

    Source: Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018, section 4; Gretton et al., "A
    kernel two-sample test", JMLR 13, 2012, lemma 6; Efron and Stein, "The jackknife estimate of variance", 1981.
    """
    x, y = checked_features(x), checked_features(y)
    n, m = len(x), len(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"features of one length are needed, not {x.shape[1]} and {y.shape[1]}")
    images_x = [f"x{k}" for k in range(n)] if images_x is None else images_x
    images_y = [f"y{k}" for k in range(m)] if images_y is None else images_y
    if (len(images_x), len(images_y)) != (n, m):
        raise ValueError(f"images of {n} and {m} samples are needed, not of {len(images_x)} and {len(images_y)}")
    has = incidence([*images_x, *images_y])
    of_x, of_y = has[:n], has[n:]
    # Each kernel's sum and count, then what of them every image's samples take part in. Two samples of one image have
    # no kernel, so nothing is taken off twice.
    terms = []
    for a, b, own, other in ((x, x, of_x, of_x), (y, y, of_y, of_y), (x, y, of_x, of_y)):
        apart = (own @ other.T).toarray() == 0
        for each in (np.where(apart, _cubic_kernel(a, b), 0.0), apart.astype(np.float64)):
            terms.append((each.sum(), own.T @ each.sum(1) + other.T @ each.sum(0)))

    def estimate(sums: Sequence[np.ndarray]) -> np.ndarray:
        xx, pairs_xx, yy, pairs_yy, xy, pairs_xy = (np.asarray(each) for each in sums)
        none = (pairs_xx == 0) | (pairs_yy == 0) | (pairs_xy == 0)
        means = [a / np.where(none, math.nan, pairs) for a, pairs in ((xx, pairs_xx), (yy, pairs_yy), (xy, pairs_xy))]
        distance: np.ndarray = means[0] + means[1] - 2 * means[2]
        return distance

    distance = float(estimate([total for total, _ in terms]))
    without = estimate([total - of_image for total, of_image in terms])
    return distance, math.sqrt((len(without) - 1) * without.var())


def _cubic_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    kernel: np.ndarray = (x @ y.T / x.shape[1] + 1) ** 3
    return kernel


def measure(
    x: np.ndarray, y: np.ndarray, *, images_x: Sequence[str], images_y: Sequence[str], permutations: int, seed: int
) -> list[SetPart]:
    """The distance and its standard error; arguments as of `kernel_distance`."""
    distance, error = kernel_distance(x, y, images_x, images_y)
    parts = ("", distance), (ERROR, error)
    return [SetPart(suffix, value, note=TOO_FEW if math.isnan(value) else "") for suffix, value in parts]


ENTRY = SetMetric(
    direction="lower",
    range=(-math.inf, math.inf),
    source="Bińkowski, Sutherland, Arbel and Gretton 2018, section 4",
    title=lambda features: "KID" if features == INCEPTION else f"Kernel {features}",
    measure=measure,
    on=lambda features: not is_clip(features),  # CMMD is the kernel distance there
)
