"""Intervals of the table end where the metric does."""

import math

import pytest

from stages.score import table_of
from stages.scoring.merging import Row
from stages.scoring.metric_names import ranges_of
from stages.scoring.prepared import Setup
from stages.scoring.sheets import Value
from stages.statistics import table

SETUP = Setup(64, ("ST-LPIPS-Alex",), "bisenet19", 512, False, True, (), (), False)
VALUES = {"taken IoU bisenet19@512": (0.99, 0.2, 0.9), "kept PSNR@64": (1.0, 40.0, 9.0), "unknown": (0.0, 1.0, 0.5)}


@pytest.fixture
def summaries():
    rows = [
        Row("transfer", "one", Value(f"p{k}", metric, value, "higher"), f"a{k}")
        for metric, values in VALUES.items()
        for k, value in enumerate(values)
    ]
    frame = table_of(rows, 0.95, ranges_of(SETUP))
    assert frame.loc[frame["item"] != table.SUMMARY, ["low", "high"]].isna().all(axis=None), "items have none"
    return frame[frame["item"] == table.SUMMARY].set_index("metric")


def test_an_interval_ends_at_the_metrics_range(summaries):
    assert tuple(summaries.loc["taken IoU bisenet19@512", ["low", "high"]]) == (0, 1)
    low, high = summaries.loc["kept PSNR@64", ["low", "high"]]
    assert low == 0 and 40 < high < math.inf
    low, high = summaries.loc["unknown", ["low", "high"]]
    assert low < 0 and high > 1, "nothing is known of its range"
