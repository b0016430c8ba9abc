"""Whether a run is whole: what failed and what is missing, by name."""

from collections.abc import Sequence

import pandas as pd

from stages.engine.stage_records import Record
from stages.statistics.table import GROUP, SUMMARY, rows


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


def incomplete(frame: pd.DataFrame, methods: dict[str, list[str]], images: int, pairs: int) -> list[str]:
    """A line for every summary that is missing, does not cover all images or pairs, or has values not finite.

    `methods` are those that each protocol must have. A value with a note is accounted for.
    """
    summary = frame[frame["item"] == SUMMARY]
    accounted = frame[frame["note"] != ""].groupby(GROUP).size()
    lines = []
    for protocol, expected_methods in methods.items():
        of_protocol = summary[summary["protocol"] == protocol]
        for method in expected_methods:
            missing = set(of_protocol["metric"]) - set(of_protocol[of_protocol["method"] == method]["metric"])
            if missing or of_protocol.empty:
                lines.append(f"{protocol}, {method}: {', '.join(sorted(missing)) or 'everything'} is missing")
    for row in rows(summary):
        expected = pairs if row.protocol == "transfer" else images
        noted = int(accounted.get((row.protocol, row.method, row.metric), 0))
        if row.n + noted != expected or row.excluded != noted:
            bad = row.excluded - noted
            counted = f"{row.n} of {expected}" + (f", {bad} not finite" if bad else "")
            lines.append(f"{row.protocol}, {row.method}, {row.metric}: {counted}")
    return lines


def unmeasured(frame: pd.DataFrame) -> list[str]:
    """A line for every reason why something could not be measured: which items, which metrics, how many values."""
    lines = []
    for (protocol, note), group in frame[frame["note"] != ""].groupby(["protocol", "note"]):
        items = (f"{item} ({', '.join(of_item['method'].unique())})" for item, of_item in group.groupby("item"))
        metrics = ", ".join(sorted(group["metric"].unique()))
        lines.append(f"{protocol}, {note}: {', '.join(items)}; {len(group)} values of {metrics}")
    return lines
