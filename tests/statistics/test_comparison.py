"""Paired comparisons: hand-worked cases, properties, and error rates by simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverage import EFFECTS, Design, false_leaders
from stages.statistics.comparison import MIN_ITEMS, compare, holm, leaders, metrics_of
from stages.statistics.intervals import mean_interval

PSNR = "PSNR@256"


def table_of(values, metric=PSNR, direction="higher", failed=()) -> pd.DataFrame:
    """Item rows of one metric: a list of values, one an item, for each method; and the summary rows to be ignored.

    `failed`: (method, number of the item) of results that are failures; they are not measured.
    """
    rows = [
        ("transfer", method, f"pair-{k:02d}", metric, f"a{k}/b{k}", value, direction)
        for method, column in values.items()
        for k, value in enumerate(column)
        if (method, k) not in failed
    ]
    rows += [
        ("transfer", method, f"pair-{k:02d}", "failure", f"a{k}/b{k}", float((method, k) in failed), "lower")
        for method, column in values.items()
        for k in range(len(column))
    ]
    rows += [("transfer", method, "*", metric, "", 1e6, direction) for method in values]
    return pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "images", "value", "direction"])


def leading(*frames: pd.DataFrame) -> set[str]:
    frame = pd.concat(frames).drop_duplicates(["protocol", "method", "item", "metric"])
    return {method for _, method, _ in leaders(metrics_of(frame), level=0.95)}


class TestCompare:
    def test_difference_interval_outcomes_and_p(self):
        random = np.random.default_rng(0)
        base = random.normal(20, 3, 12)
        ours, other = base + random.normal(1, 1, 12), base - random.normal(2, 1, 12)
        result = compare(table_of({"ours": ours, "base": base, "other": other}), "base", level=0.95).set_index("method")
        p = []
        for method, values in {"ours": ours, "other": other}.items():
            row = result.loc[method]
            expected = mean_interval(values - base, [f"a{k}/b{k}" for k in range(12)], level=0.95)
            assert row[["n", "difference", "low", "high"]].tolist() == [12, *expected[:3]]
            assert row["wins"] == (values > base).sum() and row["losses"] == (values < base).sum()
            p.append(expected.p)
        np.testing.assert_allclose(result["p"].loc[["ours", "other"]], holm(np.array(p)))

    def test_lower_is_better_keeps_the_sign_of_the_difference(self):
        frame = table_of({"ours": [1.0, 2.0, 3.0, 9.0], "base": [2.0, 2.0, 4.0, 1.0]}, "LPIPS@256", "lower")
        row = compare(frame, "base", level=0.95).iloc[0]
        assert row["difference"] == pytest.approx(6 / 4)
        assert row[["wins", "ties", "losses"]].tolist() == [2, 1, 1]

    def test_items_that_one_lacks_or_that_are_not_finite_are_left_out(self):
        frame = table_of({"ours": [1.0, 2.0, np.inf, 4.0, 5.0], "base": [0.5, np.nan, 1.0, 2.0]})
        row = compare(frame, "base", level=0.95).iloc[0]
        assert (row["n"], row["difference"]) == (2, pytest.approx((0.5 + 2.0) / 2))
        assert row[["wins", "ties", "losses"]].tolist() == [2, 0, 0]

    def test_a_failure_loses_and_two_failures_tie(self):
        values = {"ours": [3.0, 3.0, 3.0, 3.0], "base": [1.0, 1.0, 1.0, 1.0]}
        frame = table_of(values, failed={("ours", 0), ("ours", 1), ("base", 1), ("base", 2)})
        row = compare(frame, "base", level=0.95).iloc[0]
        assert row[["n", "wins", "ties", "losses"]].tolist() == [1, 2, 1, 1]

    def test_no_common_item_or_no_such_method_gives_no_row(self):
        assert compare(table_of({"ours": [1.0], "base": [np.nan]}), "base", level=0.95).empty
        assert compare(table_of({"ours": [1.0, 2.0]}), "base", level=0.95).empty

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=20), st.randoms())
    def test_swapping_the_methods_mirrors_the_result_and_order_does_not_matter(self, values, random):
        a, b = (list(map(float, column)) for column in zip(*values, strict=True))
        frame = table_of({"a": a, "b": b})
        one, other = (compare(frame, against, level=0.95).iloc[0] for against in "ba")
        assert one["difference"] == pytest.approx(-other["difference"])
        assert one[["wins", "ties", "losses"]].tolist() == other[["losses", "ties", "wins"]].tolist()
        assert one["p"] == pytest.approx(other["p"])
        shuffled = compare(frame.iloc[random.sample(range(len(frame)), len(frame))], "b", level=0.95).iloc[0]
        pd.testing.assert_series_equal(shuffled, one)


class TestLeaders:
    def test_the_better_method_leads_from_twelve_items_on(self):
        better = np.random.default_rng(0).normal(3, 1, MIN_ITEMS)
        assert leading(table_of({"ours": better, "base": np.zeros(MIN_ITEMS)})) == {"ours"}
        assert leading(table_of({"ours": better, "base": np.zeros(MIN_ITEMS)}, direction="lower")) == {"base"}
        assert not leading(table_of({"ours": better[1:], "base": np.zeros(MIN_ITEMS - 1)}))

    def test_a_method_that_is_worse_on_all_common_items_never_leads(self):
        """It is missing on the hard half, so its mean is the best: 25 against (26 + 10) / 2."""
        hard, common = np.full(15, 10.0), 26 + np.random.default_rng(0).normal(0, 0.1, 15)
        absent = np.full(15, np.nan)
        values = {"whole": np.concatenate([common, hard]), "gaps": np.concatenate([common - 1, absent])}
        assert np.nanmean(values["gaps"]) > values["whole"].mean()
        assert leading(table_of(values)) == {"whole"}

    def test_failures_may_cost_the_lead(self):
        """Better on the 14 items it has, but a failure on 16."""
        values = {"ours": np.random.default_rng(0).normal(3, 1, 30), "base": np.zeros(30)}
        assert leading(table_of(values)) == {"ours"}
        assert not leading(table_of(values, failed={("ours", k) for k in range(16)}))

    def test_it_must_be_better_than_every_other(self):
        noise = np.random.default_rng(0).normal(0, 1, (2, 20))
        values = {"ours": 5 + noise[0], "near": 5.01 + noise[1], "base": np.zeros(20)}
        assert not leading(table_of(values))

    def test_methods_with_the_same_values_lead_together(self):
        values = np.random.default_rng(0).normal(3, 1, 20)
        assert leading(table_of({"ours": values, "twin": values, "base": np.zeros(20)})) == {"ours", "twin"}
        assert not leading(table_of({"ours": values, "twin": values}))

    def test_the_whole_table_counts(self):
        """Uncorrected, p is below 0.05; beside 99 metrics of no difference it is no proof."""
        even = np.linspace(-1, 1, 20)
        first = table_of({"ours": 0.35 + even, "base": np.zeros(20)})
        rest = [table_of({"ours": even, "base": np.zeros(20)}, f"metric {k}") for k in range(99)]
        assert leading(first) == {"ours"}
        assert not leading(first, *rest)

    @pytest.mark.parametrize(
        "design", [Design(4), Design(6), Design(12), Design(12, 8), Design(50, 40), Design(198, 120)]
    )
    @pytest.mark.parametrize("effects", EFFECTS.values(), ids=EFFECTS)
    def test_equal_methods_have_no_leader(self, design, effects):
        """At most 5 % of tables. If it were 5 %, more than 14 of 150 would have one once in a hundred simulations."""
        assert false_leaders(design, effects, 150, 0, methods=2, metrics=12) <= 14 / 150


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
