"""Seconds a pair: sums over the parts that a method needs, means over the pairs that have all of them."""

import pytest

from stages.regions.pair import Pair
from stages.reporting.cost import seconds_a_pair
from stages.reporting.tables import seconds_table

PAIRS = [Pair("a", "anna", {"hair": "ben"}), Pair("b", "ben", {"hair": "anna", "face": "cleo"})]
METHODS = {
    "ours": {"kind": "latent", "code": "fs", "align": True},
    "copy": {"kind": "copy"},
    "other": {"kind": "results", "images": "results"},
}


def record(stage, **seconds):
    items = [
        {"item": name, "status": "failed", "reason": "nan"} if taken is None else
        {"item": name, "status": "ok", "seconds": taken, "peak_mib": 1}
        for name, taken in seconds.items()
    ]  # fmt: skip
    return {"stage": stage, "items": items}


def records(**changed):
    stages = {
        "maps": record("maps", anna=1, ben=1, cleo=1),
        "targets": record("targets", a=0.5, b=0.5),
        "codes": record("codes", anna=10, ben=20, cleo=30),
        "start": record("codes-w", anna=1, ben=2, cleo=4),
        "aligned": record("aligned-ours", a=100, b=200),
        "ours": record("composites-ours", a=3, b=5),
        "copy": record("composites-copy", a=0.1, b=0.3),
        "other": record("composites-other", a=0.01, b=0.01),
    }
    return list((stages | changed).values())


def test_sums_and_means():
    seconds = seconds_a_pair(records(), PAIRS, METHODS, "w")
    assert list(seconds.index) == ["ours", "copy"], "what comes from elsewhere has no cost here"
    assert seconds.loc["ours"].to_dict() == pytest.approx(
        {"label and target maps": 3, "embedding": 50, "alignment": 150, "composite": 4, "seconds": 207, "n": 2}
    )
    assert seconds.loc["copy", "seconds"] == pytest.approx(3.2)
    assert seconds_a_pair(records(), PAIRS, METHODS, "mean").loc["ours", "embedding"] == 45
    only_w = {"ours": {"kind": "latent", "code": "w", "align": True}}
    assert seconds_a_pair(records(), PAIRS, only_w, "w").loc["ours", "embedding"] == 5


def test_a_pair_with_a_failed_part_is_left_out_and_not_counted():
    seconds = seconds_a_pair(records(codes=record("codes", anna=10, ben=20, cleo=None)), PAIRS, METHODS, "w")
    assert seconds.loc["ours", ["seconds", "n"]].tolist() == [138.5, 1]
    assert seconds.loc["copy", "n"] == 2


def test_a_method_without_a_whole_pair_has_no_seconds():
    nothing = records(codes=record("codes", anna=10, ben=None, cleo=30))
    ours, copy = seconds_table(seconds_a_pair(nothing, PAIRS, METHODS, "w")).splitlines()[2:]
    assert ours == "| ours | 0 | – | – | – | – | – |"
    assert copy.startswith("| copy | 2 | 3.00 |")
