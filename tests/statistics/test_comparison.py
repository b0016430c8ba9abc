"""Paired comparisons against scipy, hand-worked cases and their properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from stages.statistics.comparison import compare, holm, signed_rank, smallest_p
from stages.statistics.intervals import mean_interval

OPTIONS = {"level": 0.95, "resamples": 200, "seed": 1}


def table_of(values: dict[str, list[float]], metric="PSNR@256", direction="higher") -> pd.DataFrame:
    """Item rows of one metric: a list of values, one an item, for each method; and the summary rows to be ignored."""
    rows = [
        ("transfer", method, f"pair-{k}", metric, value, direction)
        for method, column in values.items()
        for k, value in enumerate(column)
    ]
    rows += [("transfer", method, "*", metric, 1e6, direction) for method in values]
    return pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "value", "direction"])


def test_difference_interval_wins_and_p():
    random = np.random.default_rng(0)
    base = random.normal(20, 3, 12)
    ours, other = base + random.normal(1, 1, 12), base - random.normal(2, 1, 12)
    result = compare(table_of({"ours": ours, "base": base, "other": other}), "base", **OPTIONS).set_index("method")
    for method, values in {"ours": ours, "other": other}.items():
        row, interval = result.loc[method], mean_interval(values - base, **OPTIONS)
        assert row[["n", "difference", "low", "high"]].tolist() == [12, *interval[:3]]
        assert row["wins"] == np.mean(values > base)
    p = [wilcoxon(values - base).pvalue for values in (ours, other)]
    np.testing.assert_allclose(result["p"].loc[["ours", "other"]], holm(np.array(p)))


def test_lower_is_better_and_a_tie_is_half_a_win():
    frame = table_of({"ours": [1.0, 2.0, 3.0, 9.0], "base": [2.0, 2.0, 4.0, 1.0]}, "LPIPS@256", "lower")
    assert compare(frame, "base", **OPTIONS)["wins"].item() == (1 + 0.5 + 1 + 0) / 4


def test_items_that_one_lacks_or_that_are_not_finite_are_left_out():
    frame = table_of({"ours": [1.0, 2.0, np.inf, 4.0, 5.0], "base": [0.5, np.nan, 1.0, 2.0]})
    row = compare(frame, "base", **OPTIONS).iloc[0]
    assert (row["n"], row["difference"]) == (2, pytest.approx((0.5 + 2.0) / 2))


def test_no_common_item_or_no_such_method_gives_no_row():
    assert compare(table_of({"ours": [1.0], "base": [np.nan]}), "base", **OPTIONS).empty
    assert compare(table_of({"ours": [1.0, 2.0]}), "base", **OPTIONS).empty


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=20), st.randoms())
def test_swapping_the_methods_mirrors_the_result_and_order_does_not_matter(values, random):
    a, b = (list(map(float, column)) for column in zip(*values, strict=True))
    frame = table_of({"a": a, "b": b})
    one, other = compare(frame, "b", **OPTIONS).iloc[0], compare(frame, "a", **OPTIONS).iloc[0]
    assert one["difference"] == pytest.approx(-other["difference"])
    assert one["wins"] == pytest.approx(1 - other["wins"])
    assert one["p"] == pytest.approx(other["p"])
    order = random.sample(range(len(frame)), len(frame))
    shuffled = compare(frame.iloc[order], "b", **OPTIONS).iloc[0]
    pd.testing.assert_series_equal(shuffled, one)


def test_holm_on_a_worked_example():
    """Sorted 0.005·4, 0.01·3, 0.03·2, 0.04·1, and none below the one before."""
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([])).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_never_lowers_keeps_the_order_and_stays_below_bonferroni(p):
    p = np.array(p)
    corrected = holm(p)
    assert (corrected >= p).all() and (corrected <= np.minimum(1, len(p) * p) + 1e-15).all()
    assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= 0).all()


def test_no_difference_is_no_evidence():
    assert signed_rank(np.zeros(5)) == 1
    assert signed_rank(np.array([])) == 1


@pytest.mark.parametrize("n", [1, 4, 6, 10])
def test_the_smallest_p_is_that_of_equal_signs(n):
    assert signed_rank(np.arange(1.0, n + 1)) == pytest.approx(smallest_p(n))
