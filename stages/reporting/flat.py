"""The table in the flat forms that DVC reads: metrics.json, and CSV files for its plots."""

import json

import pandas as pd

from stages.statistics.table import SUMMARY, rows


def flat_metrics(frame: pd.DataFrame) -> dict[str, float]:
    """Summaries as `protocol.method.metric`: value."""
    summary = frame[(frame["item"] == SUMMARY) & frame["value"].notna()]
    return {f"{row.protocol}.{row.method}.{row.metric}": row.value for row in rows(summary)}


def metrics_json(frame: pd.DataFrame) -> bytes:
    """`flat_metrics` as JSON with sorted keys."""
    return (json.dumps(flat_metrics(frame), indent=1, sort_keys=True) + "\n").encode()


def summaries_csv(frame: pd.DataFrame) -> bytes:
    """Every summary: a row a protocol, method and metric with value, low, high, n, excluded and direction."""
    columns = ["protocol", "method", "metric", "value", "low", "high", "n", "excluded", "direction"]
    return frame.loc[frame["item"] == SUMMARY, columns].to_csv(index=False).encode()


def items_csv(frame: pd.DataFrame, protocol: str) -> bytes:
    """The items of a protocol: a row a method and item, a column a metric; an undefined value is empty."""
    items = frame[(frame["protocol"] == protocol) & (frame["item"] != SUMMARY)]
    wide = items.pivot(index=["method", "item"], columns="metric", values="value")
    return wide.reset_index().to_csv(index=False).encode()
