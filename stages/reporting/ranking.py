"""Which items the figures show: the best, the middle, the worst and some drawn by a seed. None is chosen by hand."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.errors import UserError
from stages.params.outputs import Protocol, ReportParams
from stages.statistics.names import FAILURE, meant_by
from stages.statistics.table import SUMMARY


class Ranked(NamedTuple):
    """An item that is shown: why, its rank among `of` (1 is the best), its value, and of which metric."""

    item: str
    kind: str
    rank: int
    of: int
    value: float
    metric: str


def names_by_kind(frame: pd.DataFrame, protocol: str) -> dict[str, str]:
    """The names of a protocol's metrics of single items by what they are without the size."""
    items = frame[(frame["protocol"] == protocol) & (frame["item"] != SUMMARY)]
    return {metric.split("@")[0]: metric for metric in items["metric"].unique()}


def full_names(frame: pd.DataFrame, protocol: str, kinds: Iterable[str]) -> list[str]:
    """The names in the table of metrics given without network and size, each once; what was not measured has none."""
    known = names_by_kind(frame, protocol)
    return list(dict.fromkeys(known[name] for kind in kinds for name in meant_by(kind, known)))


def full_name(frame: pd.DataFrame, protocol: str, kind: str) -> str:
    """The name in the table of a metric given without network and size: `taken IoU` for `taken IoU bisenet19@512`.

    Raises:
        UserError: the protocol has no such metric of single items.
    """
    found = full_names(frame, protocol, [kind])
    if len(found) != 1:
        known = names_by_kind(frame, protocol)
        what = "is no metric" if not found else "may be more than one metric"
        raise UserError(f"report: {kind} {what} of {protocol}; there are {', '.join(sorted(known)) or 'none'}")
    return found[0]


def ranked(frame: pd.DataFrame, protocol: Protocol, params: ReportParams) -> list[Ranked]:
    """The items that a protocol's figures show, in the order best, median, worst, random.

    Args:
        frame: the table of metrics.
        protocol: `reconstruction` or `transfer`.
        params: section `report`: `method` is ranked by `rank[protocol]`, `rows` items are taken of each kind.

    Returns:
        Each item once; all of them by rank where there are no more than four times `rows`. Items without a value (they
        failed, or the metric is undefined for them) have no rank. Empty if the method has no values in this protocol.

    Raises:
        UserError: as `full_name`.
    """
    of_method = frame[(frame["protocol"] == protocol) & (frame["method"] == params["method"])]
    if set(of_method["metric"]) <= {FAILURE}:  # nothing is measured of a failed result
        return []
    metric = full_name(of_method, protocol, params["rank"][protocol])
    items = of_method[(of_method["metric"] == metric) & (of_method["item"] != SUMMARY)].dropna(subset="value")
    best_first = bool(items["direction"].eq("lower").all())
    items = items.sort_values(["value", "item"], ascending=[best_first, True], ignore_index=True)
    places = places_of(len(items), params["rows"], params["seed"])
    return [
        Ranked(items["item"][place], kind, place + 1, len(items), float(items["value"][place]), metric)
        for place, kind in places
    ]


def places_of(count: int, each: int, seed: int) -> list[tuple[int, str]]:
    """Places 0 … count - 1 in a ranking and why they are shown: `each` of a kind; all, by rank, if no more would do."""
    if count <= 4 * each:
        return [(place, {count - 1: "worst", 0: "best"}.get(place, "between")) for place in range(count)]
    start = (count - each) // 2
    shown = {
        **dict.fromkeys(range(each), "best"),
        **dict.fromkeys(range(start, start + each), "median"),
        **dict.fromkeys(range(count - each, count), "worst"),
    }
    rest = [place for place in range(count) if place not in shown]
    drawn = np.random.default_rng(seed).choice(rest, each, replace=False)
    return [*shown.items(), *((int(place), "random") for place in sorted(drawn))]
