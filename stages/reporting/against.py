"""A run against an earlier one: which means moved beyond their interval."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import pandas as pd

from stages.errors import UserError
from stages.reporting.tables import number
from stages.statistics import table

# What became of a mean, in the order in which it is told; the first three are for the worse.
GONE, FEWER, WORSE, CHANGED, BETTER, NEW, SAME = "gone", "fewer", "worse", "changed", "better", "new", "same"
ORDER = [GONE, FEWER, WORSE, CHANGED, BETTER, NEW, SAME]
FOR_THE_WORSE = ORDER[:3]


def read_run(folder: Path) -> pd.DataFrame:
    """The table of a finished run, given its folder or that of its reports; raises UserError if there is none."""
    for path in (folder / "metrics.parquet", folder / "reports" / "metrics.parquet"):
        if path.is_file():
            try:
                return table.read(path)
            except ValueError as error:
                raise UserError(f"{error}; made by another version? Run that one's report again") from error
    raise UserError(f"{folder}: no metrics.parquet in it or in its reports; name the folder of a finished run")


def changes(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """What became of every mean of two tables of metrics.

    Returns:
        A row a protocol, method and metric of either, with value, low, high, n of the earlier run (`_before`) and of
        this one (`_now`), and `what`:
        gone, new: only the earlier or only this run has a value;
        fewer: it is the mean of fewer items now;
        worse, better: this run's mean is outside the earlier mean's interval;
        changed: it differs, and has no interval to tell whether that says anything (a set metric, or too few items);
        same: neither.
        `worse_on`, `common`: on how many of the items that both runs have a value for this run's is worse.
    """
    summaries = [
        each[(each["item"] == table.SUMMARY) & each["value"].notna()].set_index(table.GROUP)[
            ["value", "low", "high", "n", "direction"]
        ]
        for each in (before, now)
    ]
    joined = summaries[0].join(summaries[1], how="outer", lsuffix="_before", rsuffix="_now").reset_index()
    joined["what"] = [_what(row) for row in _rows(joined)]
    pairs = [each[each["item"] != table.SUMMARY].set_index(table.KEY)[["value", "direction"]] for each in (before, now)]
    items = pairs[0].join(pairs[1], how="inner", lsuffix="_before", rsuffix="_now").dropna()
    sign = np.where(items["direction_now"] == "higher", 1, -1)
    items["worse_on"] = sign * (items["value_now"] - items["value_before"]) < 0
    counts = items.groupby(table.GROUP)["worse_on"].agg(worse_on="sum", common="size").reset_index()
    joined = joined.merge(counts, how="left", on=table.GROUP).fillna({"worse_on": 0, "common": 0})
    return joined.sort_values("what", key=lambda what: what.map(ORDER.index), kind="stable", ignore_index=True)


class _Change(Protocol):
    """A row of `changes`."""

    protocol: str
    method: str
    metric: str
    what: str
    value_before: float
    value_now: float
    low_before: float
    high_before: float
    n_before: float
    n_now: float
    direction_now: str
    worse_on: float
    common: float


def _rows(frame: pd.DataFrame) -> Iterator[_Change]:
    return cast("Iterator[_Change]", frame.itertuples())


def _what(row: _Change) -> str:
    if pd.isna(row.value_now):
        return GONE
    if pd.isna(row.value_before):
        return NEW
    if row.n_now < row.n_before:
        return FEWER
    if pd.isna(row.low_before):
        return SAME if math.isclose(row.value_now, row.value_before, rel_tol=1e-9) else CHANGED
    if row.low_before <= row.value_now <= row.high_before:
        return SAME
    return BETTER if (row.value_now > row.high_before) == (row.direction_now == "higher") else WORSE


def describe(found: pd.DataFrame) -> str:
    """A line that counts, then a line for every mean that is not the same."""
    counts = [f"{count} {what}" for what in ORDER if (count := int((found["what"] == what).sum()))]
    lines = [f"{len(found)} means: {', '.join(counts)}"]
    for row in _rows(found[found["what"] != SAME]):
        was = number(row.value_before, row.low_before, row.high_before)
        line = f"{row.what}: {row.protocol}, {row.method}, {row.metric}: {was} -> {number(row.value_now)}"
        if row.what == FEWER:
            line += f", N {int(row.n_before)} -> {int(row.n_now)}"
        if row.common:
            line += f"; worse on {int(row.worse_on)} of {int(row.common)} items"
        lines.append(line)
    return "\n".join(lines).replace("\u00a0", " ")
