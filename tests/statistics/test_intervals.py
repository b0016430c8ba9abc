"""Means with bootstrap intervals against scipy, their properties and their degenerate cases."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from stages.statistics import intervals as statistics
from stages.statistics.intervals import Interval, mean_interval

OPTIONS = {"level": 0.95, "resamples": 200, "seed": 1}

pytestmark = pytest.mark.filterwarnings("error")  # no warning may escape
light = settings(max_examples=50, deadline=None)
finite = st.floats(-1e6, 1e6)
anything = st.floats(allow_nan=True, allow_infinity=True)


def same(a: Interval, b: Interval) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def scipy_interval(values, method: str) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = bootstrap(
            (np.sort(values),),
            np.mean,
            confidence_level=0.95,
            n_resamples=200,
            method=method,
            rng=np.random.default_rng(1),
        )
    return tuple(result.confidence_interval)


@pytest.mark.parametrize("n", [3, 10, 198])
def test_agrees_with_scipy(n: int) -> None:
    values = np.random.default_rng(n).exponential(size=n)
    result = mean_interval(values, **OPTIONS)
    assert result[:3] == pytest.approx((values.mean(), *scipy_interval(values, "BCa")), rel=1e-9)
    assert result[3:] == (n, 0)


def test_interval_of_a_skewed_sample_leans_to_the_tail() -> None:
    values = np.random.default_rng(0).exponential(size=30)
    mean, low, high, _, _ = mean_interval(values, level=0.95, resamples=5000, seed=0)
    assert high - mean > mean - low > 0


@light
@given(values=st.lists(anything, max_size=12), order=st.randoms())
def test_order_does_not_matter(values: list[float], order) -> None:
    shuffled = order.sample(values, len(values))
    assert same(mean_interval(values, **OPTIONS), mean_interval(shuffled, **OPTIONS))


def test_sums_beyond_the_largest_float_pass_without_a_warning() -> None:
    assert mean_interval([1e308, 1.5e308, 1.7e308], **OPTIONS).mean == math.inf


@light
@given(values=st.lists(finite, min_size=3, max_size=12))
def test_interval_is_finite_and_within_the_values(values: list[float]) -> None:
    mean, low, high, n, excluded = mean_interval(values, **OPTIONS)
    slack = 1e-12 * max(map(abs, values))  # a mean of equal numbers may round past them
    assert min(values) - slack <= low <= high <= max(values) + slack
    assert mean == pytest.approx(math.fsum(values) / n, rel=1e-12, abs=slack)
    assert (n, excluded) == (len(values), 0)


@light
@given(values=st.lists(finite, max_size=8), bad=st.lists(st.sampled_from([math.nan, math.inf, -math.inf]), max_size=4))
def test_values_that_are_not_finite_are_left_out_and_counted(values: list[float], bad: list[float]) -> None:
    expected = mean_interval(values, **OPTIONS)._replace(excluded=len(bad))
    assert same(mean_interval(bad + values, **OPTIONS), expected)


@light
@given(value=finite, n=st.integers(3, 12))
def test_equal_values_have_an_interval_of_no_width(value: float, n: int) -> None:
    assert mean_interval([value] * n, **OPTIONS) == (value, value, value, n, 0)


def test_too_few_values_have_no_interval() -> None:
    assert same(mean_interval([], **OPTIONS), Interval(math.nan, math.nan, math.nan, 0, 0))
    assert same(mean_interval([math.nan, math.inf], **OPTIONS), Interval(math.nan, math.nan, math.nan, 0, 2))
    assert same(mean_interval([4.0], **OPTIONS), Interval(4, math.nan, math.nan, 1, 0))
    assert same(mean_interval([2.0, 2.0], **OPTIONS), Interval(2, math.nan, math.nan, 2, 0))
    assert same(mean_interval([1.0, 3.0, math.inf], **OPTIONS), Interval(2, math.nan, math.nan, 2, 1))


def test_percentiles_stand_in_where_bca_is_undefined() -> None:
    values = [1e-170, 2e-170, 4e-170, 9e-170]  # the squares in BCa's acceleration vanish
    assert all(map(math.isnan, scipy_interval(values, "BCa")))
    _, low, high, _, _ = mean_interval(values, **OPTIONS)
    assert (low, high) == pytest.approx(scipy_interval(values, "percentile"), rel=1e-9)
    assert low < high


def test_seed_decides_the_resamples() -> None:
    values = np.random.default_rng(0).normal(size=20)
    first, again = (mean_interval(values, level=0.9, resamples=200, seed=3) for _ in range(2))
    other = mean_interval(values, level=0.9, resamples=200, seed=4)
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)


def test_higher_level_is_wider() -> None:
    values = np.random.default_rng(0).normal(size=20)
    narrow, wide = (mean_interval(values, level=level, resamples=2000, seed=0) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_global_random_state_is_left_alone() -> None:
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    mean_interval([1.0, 2.0, 4.0], **OPTIONS)
    assert np.random.random() == expected


def test_many_values_are_resampled_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=50)
    whole = mean_interval(values, **OPTIONS)
    monkeypatch.setattr(statistics, "MAX_RESAMPLED", 100)
    statistics._kept_resamples.cache_clear()
    assert mean_interval(values, **OPTIONS) == pytest.approx(whole, rel=1e-12), "the same numbers are drawn in parts"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"level": 0}, "level"),
        ({"level": 1}, "level"),
        ({"level": math.nan}, "level"),
        ({"level": 95}, "level"),
        ({"resamples": 0}, "resample"),
        ({"seed": -1}, "seed"),
    ],
)
def test_options_out_of_range_are_refused(option: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_interval([1.0, 2.0, 3.0], **(OPTIONS | option))


def test_values_of_several_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="one-dimensional"):
        mean_interval(np.ones((3, 3)), **OPTIONS)
