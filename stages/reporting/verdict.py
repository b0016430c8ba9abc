"""Whether a run is whole: what failed and what is missing, by name."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from stages.engine.stage_records import Record
from stages.statistics.names import FAILURE
from stages.statistics.table import GROUP, SUMMARY, items_of, rows


def failures(records: Sequence[Record]) -> list[str]:
    """A line for every item that could not be computed."""
    return [
        f"{record['stage']}: **{item['item']}**: {item['reason']}"
        for record in records
        for item in record["items"]
        if item["status"] != "ok"
    ]


def warnings(records: Sequence[Record]) -> list[str]:
    """A line for everything that a stage found questionable about an item, without failing it."""
    return [
        f"{record['stage']}: **{item['item']}** {warning}"
        for record in records
        for item in record["items"]
        for warning in item.get("warnings", [])
    ]


def incomplete(
    frame: pd.DataFrame,
    methods: dict[str, list[str]],
    images: int,
    pairs: int,
    failed: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> list[str]:
    """A line for every summary that is missing, does not cover all images or pairs, or has values not finite.

    Args:
        frame: the table of metrics. A value that is not finite and has a note is accounted for.
        methods: those that each protocol must have.
        images, pairs: how many there are.
        failed: by protocol and method, how many results are failures. They are counted as such and not measured. Of
            fewer than two others there is no metric of sets, and of none there is nothing.
    """
    summary = frame[(frame["item"] == SUMMARY) & (frame["metric"] != FAILURE)]
    items = items_of(frame)
    accounted = items[~np.isfinite(items["value"]) & (items["note"] != "")].groupby(GROUP).size()
    of_items = set(items["metric"])
    lines = []
    for protocol, expected_methods in methods.items():
        of_protocol = summary[summary["protocol"] == protocol]
        for method in expected_methods:
            missing = set(of_protocol["metric"]) - set(of_protocol[of_protocol["method"] == method]["metric"])
            left = (pairs if protocol == "transfer" else images) - failed.get((protocol, method), 0)
            missing = missing & of_items if left == 1 else missing
            if left and (missing or of_protocol.empty):
                lines.append(f"{protocol}, {method}: {', '.join(sorted(missing)) or 'everything'} is missing")
    for row in rows(summary):
        expected = pairs if row.protocol == "transfer" else images
        expected -= failed.get((row.protocol, row.method), 0)
        noted = int(accounted.get((row.protocol, row.method, row.metric), 0))
        if row.n + noted != expected or row.excluded != noted:
            bad = row.excluded - noted
            counted = f"{row.n} of {expected}" + (f", {bad} not finite" if bad else "")
            lines.append(f"{row.protocol}, {row.method}, {row.metric}: {counted}")
    return lines


def unmeasured(frame: pd.DataFrame) -> list[str]:
    """A line for every reason why something could not be measured: which items, which metrics, how many values."""
    lines = []
    noted = frame[(frame["note"] != "") & (frame["metric"] != FAILURE)]
    for (protocol, note), group in noted.groupby(["protocol", "note"]):
        items = (f"{item} ({', '.join(of_item['method'].unique())})" for item, of_item in group.groupby("item"))
        metrics = ", ".join(sorted(group["metric"].unique()))
        lines.append(f"{protocol}, {note}: {', '.join(items)}; {len(group)} values of {metrics}")
    return lines
