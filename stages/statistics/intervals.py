"""Means with intervals of confidence."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

MIN_VALUES = 3  # of fewer a resample says nothing
MAX_RESAMPLED = 4_000_000  # numbers drawn at once: bounds the memory


class Interval(NamedTuple):
    """A mean and its interval.

    `n` finite values were averaged and `excluded` were nan or infinite. `mean` is nan if `n` is 0, `low` and
    `high` are nan if it is below 3.
    """

    mean: float
    low: float
    high: float
    n: int
    excluded: int


def mean_interval(values: Iterable[float], *, level: float, resamples: int, seed: int) -> Interval:
    """Mean of the finite values with its bias-corrected and accelerated (BCa) bootstrap interval.

    Equal values give an interval of no width. Where BCa is undefined (its bias or acceleration has no finite
    value) the percentile interval of the same resamples stands in. The result depends on the values and the
    seed, not on the order of the values.

    Args:
        values: numbers; nan and infinite ones are left out and counted.
        level: confidence, strictly between 0 and 1.
        resamples: how many, at least 1.
        seed: of the resamples, at least 0.

    Raises:
        ValueError: an argument is out of range or the values are not one-dimensional.

    Source: Efron, "Better bootstrap confidence intervals", JASA 82(397), 1987.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not at {level}")
    if resamples < 1:
        raise ValueError(f"at least 1 resample is needed, not {resamples}")
    if seed < 0:
        raise ValueError(f"the seed must be at least 0, not {seed}")
    numbers = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"one-dimensional values are needed, not {numbers.shape}")
    finite = np.sort(numbers[np.isfinite(numbers)]) + 0.0  # + 0.0 makes -0 to 0, which sorting can't tell apart
    n, excluded = len(finite), len(numbers) - len(finite)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0, excluded)
    equal = finite[0] == finite[-1]
    with np.errstate(over="ignore"):  # a sum beyond the largest float is infinite, and needs no warning
        mean = float(finite[0] if equal else finite.mean())  # the mean of equal values may be off by a rounding
    if n < MIN_VALUES:
        return Interval(mean, math.nan, math.nan, n, excluded)
    if equal:
        return Interval(mean, mean, mean, n, excluded)
    return Interval(mean, *_bootstrap_interval(finite, level, resamples, seed), n, excluded)


def _bootstrap_interval(values: np.ndarray, level: float, resamples: int, seed: int) -> tuple[float, float]:
    """BCa interval of the mean of values (n,), sorted and not all equal; percentiles where BCa is undefined."""
    n = len(values)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    with np.errstate(all="ignore"):  # a degenerate BCa is dealt with below
        means, mean = np.concatenate([shares @ values for shares in _resamples(n, resamples, seed)]), values.mean()
        bias = ndtri(((means < mean).mean() + (means <= mean).mean()) / 2)
        # Leaving one value out shifts the mean by its deviation over n - 1, for all alike.
        deviations = values - mean
        acceleration = np.power(deviations, 3).sum() / (6 * np.square(deviations).sum() ** 1.5)
        shifted = bias + ndtri(tails)
        corrected = ndtr(bias + shifted / (1 - acceleration * shifted))
        low, high = np.quantile(means, corrected if np.isfinite(corrected).all() else tails)
    return float(low), float(high)


def _resamples(n: int, resamples: int, seed: int) -> Iterable[np.ndarray]:
    """The share of each of n values in each resample, in parts (r, n); drawn as scipy.stats.bootstrap does."""
    return _kept_resamples(n, resamples, seed) if n * resamples <= MAX_RESAMPLED else _drawn(n, resamples, seed)


@lru_cache(maxsize=2)  # most metrics of a table have the same number of values: drawing takes most of the time
def _kept_resamples(n: int, resamples: int, seed: int) -> tuple[np.ndarray, ...]:
    return tuple(_drawn(n, resamples, seed))


def _drawn(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    part = max(1, MAX_RESAMPLED // n)
    for start in range(0, resamples, part):
        rows = min(part, resamples - start)
        drawn = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n) / n
