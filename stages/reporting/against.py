"""A run against an earlier one, item by item: which means moved."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import pandas as pd

from stages.errors import UserError
from stages.reporting.tables import number
from stages.statistics import table
from stages.statistics.comparison import holm
from stages.statistics.intervals import MIN_VALUES, mean_interval

# What became of a mean, in the order in which it is told; the first three are for the worse.
GONE, FEWER, WORSE, CHANGED, BETTER, NEW, SAME = "gone", "fewer", "worse", "changed", "better", "new", "same"
ORDER = [GONE, FEWER, WORSE, CHANGED, BETTER, NEW, SAME]
FOR_THE_WORSE = ORDER[:3]
LEVEL = 0.95  # of confidence


def read_run(folder: Path) -> pd.DataFrame:
    """The table of a finished run, given its folder or that of its reports; raises UserError if there is none."""
    for path in (folder / "metrics.parquet", folder / "reports" / "metrics.parquet"):
        if path.is_file():
            try:
                return table.read(path)
            except ValueError as error:
                raise UserError(f"{error}; perhaps another version made it; make that run's report again") from error
    raise UserError(f"{folder}: no metrics.parquet in it or in its reports; name the folder of a finished run")


def changes(before: pd.DataFrame, now: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """What became of every mean of two tables of metrics.

    The two runs are compared item by item, so a small change that all items share is found. The tests of all means are
    corrected together by Holm: two runs that differ by chance alone are told apart in at most 1 - `level` of cases.

    Returns:
        A row a protocol, method and metric of either, with value and n of the earlier run (`_before`) and of this one
        (`_now`), `difference`, `low`, `high`, `n`, `p`: this run's values less the earlier ones' over the common items
        (of the same name and images), with its interval and corrected p; and `what`:
        gone, new: only the earlier or only this run has a value;
        fewer: it is the mean of fewer items now;
        worse, better: the difference is told from 0;
        changed: it differs, and nothing can be tested (a set metric, or fewer than three items);
        same: neither.
        `worse_on`, `common`: on how many of the items that both runs have a value for this run's is worse.
    """
    summaries = [
        each[(each["item"] == table.SUMMARY) & each["value"].notna()].set_index(table.GROUP)[
            ["value", "n", "direction"]
        ]
        for each in (before, now)
    ]
    joined = summaries[0].join(summaries[1], how="outer", lsuffix="_before", rsuffix="_now").reset_index()
    joined = joined.merge(_paired(before, now, level), how="left", on=table.GROUP)
    joined = joined.fillna({"worse_on": 0, "common": 0, "p": 1.0})
    joined["what"] = [_what(row, level) for row in _rows(joined)]
    return joined.sort_values("what", key=lambda what: what.map(ORDER.index), kind="stable", ignore_index=True)


def _paired(before: pd.DataFrame, now: pd.DataFrame, level: float) -> pd.DataFrame:
    """Every metric's differences over the items that both runs have finite values of: a row a metric that has some."""
    pairs = [table.items_of(each).set_index(table.KEY)[["value", "direction", "images"]] for each in (before, now)]
    items = pairs[0].join(pairs[1], how="inner", lsuffix="_before", rsuffix="_now")
    items = items[items["images_before"] == items["images_now"]]  # a name may mean another pair in another run
    items["difference"] = items["value_now"] - items["value_before"]
    rows = []
    for key, group in items[np.isfinite(items["difference"])].groupby(table.GROUP, sort=False):
        found = mean_interval(group["difference"].to_numpy(), group["images_now"].to_list(), level=level)
        sign = 1 if group["direction_now"].iloc[0] == "higher" else -1
        worse = int((sign * group["difference"] < 0).sum())
        rows.append((*key, found.mean, found.low, found.high, found.p, worse, found.n))
    paired = pd.DataFrame(rows, columns=[*table.GROUP, "difference", "low", "high", "p", "worse_on", "common"])
    return paired.assign(p=holm(paired["p"].to_numpy(dtype=float)))


class _Change(Protocol):
    """A row of `changes`."""

    protocol: str
    method: str
    metric: str
    what: str
    value_before: float
    value_now: float
    n_before: float
    n_now: float
    direction_now: str
    difference: float
    low: float
    high: float
    p: float
    worse_on: float
    common: float


def _rows(frame: pd.DataFrame) -> Iterator[_Change]:
    return cast("Iterator[_Change]", frame.itertuples())


def _what(row: _Change, level: float) -> str:
    if pd.isna(row.value_now):
        return GONE
    if pd.isna(row.value_before):
        return NEW
    if row.n_now < row.n_before:
        return FEWER
    if row.common < MIN_VALUES:
        return SAME if math.isclose(row.value_now, row.value_before, rel_tol=1e-9) else CHANGED
    if row.p >= 1 - level:
        return SAME
    return BETTER if (row.difference > 0) == (row.direction_now == "higher") else WORSE


def describe(found: pd.DataFrame) -> str:
    """A line that counts, then a line for every mean that is not the same."""
    counts = [f"{count} {what}" for what in ORDER if (count := int((found["what"] == what).sum()))]
    lines = [f"{len(found)} means: {', '.join(counts)}"]
    within = int(((found["what"] == SAME) & (found["value_before"] != found["value_now"])).sum())
    if within:
        lines[0] += f" ({within} of these differ, but not more than by chance)"
    for row in _rows(found[found["what"] != SAME]):
        line = f"{row.what}: {row.protocol}, {row.method}, {row.metric}: "
        line += f"{number(row.value_before)} -> {number(row.value_now)}"
        if row.what == FEWER:
            line += f", N {int(row.n_before)} -> {int(row.n_now)}"
        if row.common >= MIN_VALUES:
            line += f"; by {number(row.difference, row.low, row.high)}, p {row.p:.2g}"
        if row.common:
            line += f"; worse on {int(row.worse_on)} of {int(row.common)} items"
        lines.append(line)
    return "\n".join(lines).replace("\u00a0", " ")
