"""Means with intervals and tests that hold where items share images.

The error of a mean is a jackknife over images: each image is left out in turn, with all items that have it. What a
single item adds of its own would count once for each of its images, so it is taken off again. The quantiles are those
of Student's t. `benchmarks/coverage.py` compares the coverage with that of bootstraps.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

from stages.statistics.images import incidence

MIN_VALUES = 3  # of fewer nothing can be said of their spread


class Interval(NamedTuple):
    """A mean and its interval.

    `n` finite values were averaged and `excluded` were nan or infinite. `mean` is nan if `n` is 0, `low` and
    `high` are nan if it is below 3. `p`: of the two-sided test that the true mean is 0; 1 where there is no interval.
    """

    mean: float
    low: float
    high: float
    n: int
    excluded: int
    p: float = 1.0


def mean_interval(values: Sequence[float] | np.ndarray, images: Sequence[str], *, level: float) -> Interval:
    """Mean of the finite values with its interval of confidence.

    Equal values give an interval of no width; the p of n equal values that are not 0 is that of the sign test, 2^(1-n).
    An image that all items have is part of the question, not of the sample: the result holds for that image.

    Args:
        values: numbers (n,); nan and infinite ones are left out and counted.
        images: the images of every item, as `stages.statistics.images.joined` gives them.
        level: confidence, strictly between 0 and 1.

    Raises:
        ValueError: an argument is out of range, or values and images differ in number.

    Source: the jackknife of clusters, MacKinnon, Nielsen and Webb, "Leverage, influence, and the jackknife in clustered
    regression models", 2023; items that share any image as one dependent group: Aronow, Samii and Assenova,
    "Cluster-robust variance estimation for dyadic data", Political Analysis 23, 2015.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not at {level}")
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (len(images),):
        raise ValueError(f"a value for each of {len(images)} items is needed, not {numbers.shape}")
    finite = np.isfinite(numbers)
    n, excluded = int(finite.sum()), int((~finite).sum())
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0, excluded)
    kept = numbers[finite]
    equal = bool((kept == kept[0]).all())
    with np.errstate(over="ignore"):  # a sum beyond the largest float is infinite, and needs no warning
        mean = float(kept[0] if equal else kept.mean())
    if n < MIN_VALUES or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, n, excluded)
    if equal:
        return Interval(mean, mean, mean, n, excluded, math.ldexp(1.0, 1 - n) if mean else 1.0)
    error, degrees = _error(kept - mean, finite, images)
    reach = float(student.ppf((1 + level) / 2, degrees)) * error
    p = float(2 * student.sf(abs(mean) / error, degrees)) if error > 0 else 0.0
    return Interval(mean, mean - reach, mean + reach, n, excluded, p)


def _error(deviations: np.ndarray, finite: np.ndarray, images: Sequence[str]) -> tuple[float, float]:
    """Standard error of the mean of deviations (n,), which sum to 0, and its degrees of freedom, at least 1."""
    n = len(deviations)
    everything = incidence(images)
    has = everything if finite.all() else everything[finite.nonzero()[0]]
    items_of = np.asarray(has.sum(0))
    sums = np.asarray(has.T @ deviations)
    counts = (items_of > 0) & (items_of < n)
    items_of, sums = items_of[counts], sums[counts]
    of_items = np.square(deviations).sum() / (n * (n - 1))
    groups = len(items_of)
    if groups < 2:
        return math.sqrt(of_items), n - 1
    left_out = -sums / (n - items_of)  # the mean without an image, less the mean
    of_images = np.square(left_out).sum() * (groups - 1) / groups
    effective = items_of.sum() ** 2 / np.square(items_of).sum()  # of images that are in unequally many items
    images_an_item = items_of.sum() / n
    degrees = min(n - 1, effective / images_an_item - 1)
    return math.sqrt(max(of_images - of_items, of_items)), max(1.0, degrees)


def wilson(count: int, n: int, *, level: float) -> Interval:
    """The share `count` of `n` with Wilson's interval of a proportion (Wilson, JASA 22, 1927)."""
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0, 0)
    low, high = binomtest(count, n).proportion_ci(level, method="wilson")
    return Interval(count / n, float(low), float(high), n, 0)


def exact_share(count: int, n: int, *, level: float) -> Interval:
    """The share `count` of `n` with the exact interval of a proportion, and p of the exact test that it is a half.

    Source: Clopper and Pearson, Biometrika 26, 1934; both through scipy. Without any the share is nan, and p is 1.
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0, 0)
    found = binomtest(count, n)
    low, high = found.proportion_ci(level, method="exact")
    return Interval(count / n, float(low), float(high), n, 0, float(found.pvalue))
