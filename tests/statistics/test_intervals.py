"""Means with intervals and tests: closed forms, a brute-force jackknife, properties, and coverage by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from benchmarks.coverage import EFFECTS, Design, Effects, coverage, image_texts, images_jackknife
from stages.statistics.intervals import Interval, mean_interval, wilson

pytestmark = pytest.mark.filterwarnings("error")  # no warning may escape
finite = st.floats(-1e6, 1e6)
anything = st.floats(allow_nan=True, allow_infinity=True)


def same(a: Interval, b: Interval) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def own(n: int) -> list[str]:
    """An image of its own for every item."""
    return [f"image-{k}" for k in range(n)]


def interval(values, images=None, level=0.95) -> Interval:
    return mean_interval(values, own(len(values)) if images is None else images, level=level)


@pytest.mark.parametrize("n", [3, 10, 198])
def test_items_that_share_nothing_have_students_interval(n: int) -> None:
    values = np.random.default_rng(n).normal(1, 1, n)
    expected = ttest_1samp(values, 0)
    low, high = expected.confidence_interval(0.95)
    assert interval(values) == pytest.approx((values.mean(), low, high, n, 0, expected.pvalue), rel=1e-9)


def test_pairs_that_share_nothing_lean_to_caution() -> None:
    """Two images a pair: the jackknife sees twice as many groups, which makes its error a little larger."""
    values = np.random.default_rng(0).normal(size=20)
    pairs = [f"a{k}/b{k}" for k in range(20)]
    width = [found.high - found.low for found in (interval(values), interval(values, pairs))]
    assert width[0] < width[1] < 1.05 * width[0]


def test_the_error_is_that_of_the_mean_without_each_image() -> None:
    """Against the definition, on pairs that share images: leave out each image with all of its items."""
    rng = np.random.default_rng(3)
    pairs = Design(30, 15).draw(rng)
    values = rng.normal(size=30)
    without = [values[(pairs != image).all(1)].mean() for image in np.unique(pairs)]
    groups = len(without)
    of_images = np.square(np.array(without) - values.mean()).sum() * (groups - 1) / groups
    error = math.sqrt(of_images - values.var(ddof=1) / 30)
    counts = np.bincount(pairs.ravel())
    degrees = counts.sum() ** 2 / np.square(counts).sum() / 2 - 1
    found = interval(values, image_texts(pairs))
    assert found.high - found.mean == pytest.approx(student.ppf(0.975, degrees) * error, rel=1e-9)
    assert found.p == pytest.approx(2 * student.sf(abs(values.mean()) / error, degrees), rel=1e-9)


def test_an_image_that_all_items_have_is_given_not_drawn() -> None:
    """One face and many kinds of hair: what is said holds for that face."""
    values = np.random.default_rng(0).normal(size=20)
    assert interval(values, [f"me/{k}" for k in range(20)]) == pytest.approx(interval(values), rel=1e-9)


def test_an_image_twice_in_an_item_counts_once() -> None:
    values = [1.0, 2.0, 4.0, 3.0]
    assert interval(values, ["a/a/b", "c/d", "e/f", "g/h"]) == interval(values, ["a/b", "c/d", "e/f", "g/h"])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(finite, st.integers(0, 5), st.integers(6, 9)), min_size=1, max_size=12), st.randoms())
def test_order_does_not_matter(items, order) -> None:
    shuffled = order.sample(items, len(items))
    one, other = (interval([v for v, _, _ in each], [f"{a}/{b}" for _, a, b in each]) for each in (items, shuffled))
    assert one == pytest.approx(other, rel=1e-6, abs=1e-6, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(finite, max_size=8), bad=st.lists(st.sampled_from([math.nan, math.inf, -math.inf]), max_size=4))
def test_values_that_are_not_finite_are_left_out_and_counted(values: list[float], bad: list[float]) -> None:
    expected = interval(values)._replace(excluded=len(bad))
    assert interval(values + bad) == pytest.approx(expected, nan_ok=True)


@given(value=finite.filter(bool), n=st.integers(3, 40))
def test_equal_values_have_an_interval_of_no_width_and_the_sign_tests_p(value: float, n: int) -> None:
    assert interval([value] * n) == (value, value, value, n, 0, 2 ** (1 - n))
    assert interval([0.0] * n) == (0, 0, 0, n, 0, 1)


def test_too_few_values_have_no_interval() -> None:
    assert same(interval([]), Interval(math.nan, math.nan, math.nan, 0, 0))
    assert same(interval([math.nan, math.inf]), Interval(math.nan, math.nan, math.nan, 0, 2))
    assert same(interval([4.0]), Interval(4, math.nan, math.nan, 1, 0))
    assert same(interval([1.0, 3.0, math.inf]), Interval(2, math.nan, math.nan, 2, 1))


def test_sums_beyond_the_largest_float_pass_without_a_warning() -> None:
    assert same(interval([1e308, 1.5e308, 1.7e308]), Interval(math.inf, math.nan, math.nan, 3, 0))


def test_higher_level_is_wider() -> None:
    values = np.random.default_rng(0).normal(size=20)
    narrow, wide = (interval(values, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("level", [0, 1, math.nan, 95])
def test_levels_out_of_range_are_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        interval([1.0, 2.0, 3.0], level=level)


def test_values_of_another_number_than_the_images_are_refused() -> None:
    with pytest.raises(ValueError, match="a value for each of 2 items"):
        mean_interval([1.0, 2.0, 3.0], ["a", "b"], level=0.95)


def test_wilson_on_a_worked_example() -> None:
    """0 of 10 and 3 of 40 at 95 % by Wilson's formula with z = 1.95996."""
    assert wilson(0, 10, level=0.95)[:4] == pytest.approx((0, 0, 0.2775, 10), abs=1e-4)
    assert wilson(3, 40, level=0.95)[:4] == pytest.approx((0.075, 0.0258, 0.1986, 40), abs=1e-4)
    assert math.isnan(wilson(0, 0, level=0.95).mean)


@pytest.mark.parametrize("effects", [pytest.param(each, id=name) for name, each in EFFECTS.items() if not each.skewed])
@pytest.mark.parametrize(
    "design", [Design(12), Design(12, 8), Design(12, 12, crossed=True), Design(50, 40), Design(198, 120)]
)
def test_coverage_with_images_that_count(design: Design, effects: Effects) -> None:
    """At least 93 %. Of 600 intervals that cover 95 %, fewer than 93 % do so once in forty simulations."""
    found = coverage(design, effects, {"images": images_jackknife}, 600, 0)
    assert found["covers"].item() >= 0.93


def test_intervals_are_not_wider_than_they_must_be() -> None:
    """Where images do not count, the width is that of Student's t within 8 %, from 198 pairs of 120 images."""
    found = coverage(Design(198, 120), EFFECTS["noise alone"], {"images": images_jackknife}, 50, 0)
    assert found["width"].item() == pytest.approx(2 * 1.972 / math.sqrt(198), rel=0.08)
