"""What the report says first: which methods are told apart by which metric, in sentences made from the tests."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from stages.formats.words import counted
from stages.reporting.names import method_name
from stages.reporting.tables import number
from stages.statistics import table
from stages.statistics.comparison import MIN_ITEMS, compare
from stages.statistics.names import FAILURE
from stages.statistics.table import items_of

TRANSFER = "transfer"


class Part(NamedTuple):
    """Some of the pairs, and what they are called in a sentence: `pairs with a gap of yaw over 15°`."""

    called: str
    items: Sequence[str]


def over_common(frame: pd.DataFrame, protocol: str, *, level: float) -> pd.DataFrame | None:
    """The table over the items on which no method failed, with new means and intervals; None if no method failed.

    It is empty if some method failed on each item.
    So all means are over the same items, and a method that failed on the hard ones gains nothing by it.
    """
    items = items_of(frame[frame["protocol"] == protocol])
    failed = set(items.loc[(items["metric"] == FAILURE) & (items["value"] == 1), "item"])
    if not failed:
        return None
    return table.summarise(items[~items["item"].isin(failed)].reset_index(drop=True), level=level)


def sentences(
    frame: pd.DataFrame, method: str, metrics: Sequence[str], parts: Sequence[Part], *, level: float
) -> list[str]:
    """A line for every other method: in what a method is better or worse than it, and in what they are not told apart.

    One line in place of all, if there are too few pairs for any verdict.

    Args:
        frame: the table of metrics.
        method: the one that is compared with all others.
        metrics: of the transfer protocol, by their full names.
        parts: of the pairs, of which the same is said apart.
        level: confidence of the intervals. The tests of all lines are corrected together by Holm, those of each part
            apart.
    """
    chosen = frame[(frame["protocol"] == TRANSFER) & frame["metric"].isin([*metrics, FAILURE])]
    directions = {str(metric): str(of["direction"].iloc[0]) for metric, of in chosen.groupby("metric")}
    whole = compare(chosen, method, level=level)
    of_parts = [(part, compare(chosen[chosen["item"].isin(part.items)], method, level=level)) for part in parts]
    if len(whole) and whole["n"].max() < MIN_ITEMS:
        most = int(whole["n"].max())
        return [f"No verdict: methods are compared on {counted(most, 'pair')} at most, and {MIN_ITEMS} are needed."]
    lines = []
    for other, rows in whole.groupby("method", sort=False):
        said = list(_said(rows, directions, level))
        for part, compared in of_parts:
            of_other = compared[compared["method"] == other]
            if len(of_other) and of_other["n"].max() < MIN_ITEMS:
                said.append(f"On {part.called}: no verdict, since {MIN_ITEMS} are needed.")
            elif found := list(_said(of_other, directions, level)):
                said.append(f"On {part.called}: {found[0][0].lower()}{' '.join(found)[1:]}")
        lines.append(f"**{method_name(method)} against {method_name(str(other))}.** {' '.join(said)}")
    return lines


def _said(rows: pd.DataFrame, directions: dict[str, str], level: float) -> Iterator[str]:
    """Sentences on a method against another, of rows of `compare` that hold the other's values less the method's."""
    told: dict[str, list[str]] = {"Better": [], "Worse": [], "Not told apart": [], "Too few pairs for a verdict": []}
    for row in rows.to_dict("records"):
        metric, n = str(row["metric"]), int(row["n"])
        by = -row["difference"], -row["high"], -row["low"]
        counted = f"on {row['losses']} of {row['wins'] + row['ties'] + row['losses']} pairs"
        size = f"{metric} {counted}, by {_with_unit(metric, *map(abs, _in_order(*by)))}"
        if n < MIN_ITEMS:
            told["Too few pairs for a verdict"].append(f"{metric} (N {n}, {MIN_ITEMS} are needed)")
        elif row["p"] >= 1 - level:
            told["Not told apart"].append(f"{metric} (N {n}, difference {_with_unit(metric, *by)})")
        elif (by[0] > 0) == (directions[metric] == "higher"):
            told["Better"].append(size)
        else:
            told["Worse"].append(size)
    for what, metrics in told.items():
        if metrics:
            yield f"{what} in {'; '.join(metrics)}."


def _in_order(value: float, low: float, high: float) -> tuple[float, float, float]:
    """The same as sizes: the end of the interval that is nearer to 0 first."""
    return (value, low, high) if math.isnan(low) or abs(low) <= abs(high) else (value, high, low)


def _with_unit(metric: str, value: float, low: float, high: float) -> str:
    """The value with its unit and interval: `2.90 dB [2.60, 3.20]`."""
    mean, space, interval = number(value, low, high).partition(" ")
    return f"{mean}{' dB' if 'PSNR' in metric else ''}{space}{interval}"
