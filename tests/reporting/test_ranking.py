"""Which items are shown: by rank, each once, the same every time."""

import pandas as pd
import pytest

from stages.reporting.ranking import full_name, places_of, ranked
from stages.statistics import table

REPORT = {"method": "ours", "rank": {"transfer": "taken IoU"}, "rows": 2, "seed": 0}


def values(numbers, metric="taken IoU@512", direction="higher", method="ours"):
    rows = [("transfer", method, f"pair-{k}", metric, value, direction) for k, value in enumerate(numbers)]
    frame = pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "value", "direction"])
    return table.summarise(frame, level=0.95)


def test_best_median_worst_and_random_of_198():
    """The item k has the value k: ranks are known."""
    shown = ranked(values(range(198)), "transfer", REPORT)
    assert [(row.item, row.kind, row.rank) for row in shown[:6]] == [
        ("pair-197", "best", 1), ("pair-196", "best", 2), ("pair-99", "median", 99), ("pair-98", "median", 100),
        ("pair-1", "worst", 197), ("pair-0", "worst", 198),
    ]  # fmt: skip
    assert [row.kind for row in shown[6:]] == ["random", "random"]
    assert all(row.of == 198 and row.item == f"pair-{row.value:.0f}" for row in shown)
    assert len({row.item for row in shown}) == 8
    assert shown == ranked(values(range(198)), "transfer", REPORT)
    assert shown[6:] != ranked(values(range(198)), "transfer", REPORT | {"seed": 1})[6:]


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_few_are_all_shown_by_rank(count):
    shown = ranked(values(range(count)), "transfer", REPORT)
    assert [row.item for row in shown] == [f"pair-{k}" for k in reversed(range(count))]
    assert shown[0].kind == "best" and (count == 1 or shown[-1].kind == "worst")


@pytest.mark.parametrize("count", range(30))
@pytest.mark.parametrize("each", [1, 2, 3])
def test_every_place_at_most_once(count, each):
    places = [place for place, _ in places_of(count, each, seed=0)]
    assert len(places) == len(set(places)) == min(count, 4 * each)
    assert set(places) <= set(range(count))


def test_lower_is_better_where_the_metric_says_so():
    shown = ranked(values([0.3, 0.1, 0.2], direction="lower"), "transfer", REPORT)
    assert [row.item for row in shown] == ["pair-1", "pair-2", "pair-0"]


def test_without_a_value_there_is_no_rank():
    shown = ranked(values([0.3, float("nan"), 0.2]), "transfer", REPORT)
    assert [(row.item, row.of) for row in shown] == [("pair-0", 2), ("pair-2", 2)]
    assert ranked(values([0.3]), "reconstruction", REPORT) == []
    assert ranked(values([0.3], method="theirs"), "transfer", REPORT) == []


def test_an_unknown_metric_is_one_line(refused):
    assert full_name(values([0.3]), "transfer", "taken IoU") == "taken IoU@512"
    refused("LPIPS is no metric of transfer; there are taken IoU", full_name, values([0.3]), "transfer", "LPIPS")
