"""Whether a run is whole: what failed and what is missing, by name."""

from typing import Any

import pandas as pd

from stages.metrics.table import SUMMARY


def failures(records: list[dict[str, Any]]) -> list[str]:
    """A line for every item that could not be computed."""
    return [
        f"{record['stage']}: **{item['item']}**: {item['reason']}"
        for record in records
        for item in record["items"]
        if item["status"] != "ok"
    ]


def incomplete(frame: pd.DataFrame, methods: dict[str, list[str]], images: int, pairs: int) -> list[str]:
    """A line for every summary that is missing, does not cover all images or pairs, or has values not finite.

    `methods` are those that each protocol must have.
    """
    summary = frame[frame["item"] == SUMMARY]
    lines = []
    for protocol, expected_methods in methods.items():
        of_protocol = summary[summary["protocol"] == protocol]
        for method in expected_methods:
            missing = set(of_protocol["metric"]) - set(of_protocol[of_protocol["method"] == method]["metric"])
            if missing or of_protocol.empty:
                lines.append(f"{protocol}, {method}: {', '.join(sorted(missing)) or 'everything'} is missing")
    for row in summary.itertuples():
        expected = images if row.protocol == "reconstruction" else pairs
        if row.n != expected or row.excluded:
            counted = f"{row.n} of {expected}" + (f", {row.excluded} not finite" if row.excluded else "")
            lines.append(f"{row.protocol}, {row.method}, {row.metric}: {counted}")
    return lines
