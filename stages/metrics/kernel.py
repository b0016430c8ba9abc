"""Kernel distance (unbiased MMD²) of two sets of images; with Inception's features it is the KID."""

import math

import numpy as np

from stages.metrics import SetMetric, SetPart
from stages.scoring.features import INCEPTION, is_clip
from stages.scoring.samples import checked_features

ERROR = " SE"  # what is added to the name of a kernel distance for its standard error


def kernel_distance(x: np.ndarray, y: np.ndarray, *, paired: bool = False) -> tuple[float, float]:
    """Unbiased MMD² of two sets of features with the kernel (xᵀy/d + 1)³, and its standard error.

    With Inception features it is the KID. The mean over all subsets of any one size is this number, so no subset is
    drawn. The error is the delete-one jackknife's; the deviation over random subsets, which other tools give, is that
    of an estimate from so few.

    Args:
        x, y: finite features (n, d) and (m, d) with n, m ≥ 2.
        paired: sample k of y was made from sample k of x. The kernel of the two is then left out, which would make
            the estimate too small, and the jackknife leaves out both.

    Returns:
        The distance, which may lie below 0 because it is unbiased; its error, nan if n or m is below 3.

    Raises:
        ValueError: the features are not as above, their d differs, or paired sets differ in size.

    Source: Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018, section 4; Gretton et al., "A
    kernel two-sample test", JMLR 13, 2012, lemma 6; Efron and Stein, "The jackknife estimate of variance", 1981.
    """
    x, y = checked_features(x), checked_features(y)
    n, m = len(x), len(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"features of one length are needed, not {x.shape[1]} and {y.shape[1]}")
    if paired and n != m:
        raise ValueError(f"paired sets of one size are needed, not {n} and {m}")
    xx, yy, xy = _cubic_kernel(x, x), _cubic_kernel(y, y), _cubic_kernel(x, y)
    for kernel in (xx, yy, xy) if paired else (xx, yy):
        np.fill_diagonal(kernel, 0)
    of_x, of_y, x_to_y, y_to_x = xx.sum(1), yy.sum(1), xy.sum(1), xy.sum(0)
    sums = of_x.sum(), of_y.sum(), x_to_y.sum()

    def estimate(n: int, m: int, xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> np.ndarray:
        return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * (n - 1) if paired else n * m)

    distance = float(estimate(n, m, *sums))
    if min(n, m) < 3:
        return distance, math.nan
    without_x = sums[0] - 2 * of_x, sums[1], sums[2] - x_to_y
    without_y = sums[0], sums[1] - 2 * of_y, sums[2] - y_to_x
    if paired:
        variance = _jackknife(estimate(n - 1, m - 1, without_x[0], without_y[1], sums[2] - x_to_y - y_to_x))
    else:
        variance = _jackknife(estimate(n - 1, m, *without_x)) + _jackknife(estimate(n, m - 1, *without_y))
    return distance, math.sqrt(variance)


def _cubic_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    kernel: np.ndarray = (x @ y.T / x.shape[1] + 1) ** 3
    return kernel


def _jackknife(estimates: np.ndarray) -> float:
    """Variance of an estimate from those without one sample each."""
    return float((len(estimates) - 1) * estimates.var())


def measure(x: np.ndarray, y: np.ndarray, *, paired: bool, permutations: int, seed: int) -> list[SetPart]:
    """The distance and its standard error; arguments as of `kernel_distance`."""
    distance, error = kernel_distance(x, y, paired=paired)
    return [SetPart("", distance), SetPart(ERROR, error)]


ENTRY = SetMetric(
    direction="lower",
    range=(-math.inf, math.inf),
    source="Bińkowski, Sutherland, Arbel and Gretton 2018, section 4",
    title=lambda features: "KID" if features == INCEPTION else f"Kernel {features}",
    measure=measure,
    on=lambda features: not is_clip(features),  # CMMD is the kernel distance there
)
