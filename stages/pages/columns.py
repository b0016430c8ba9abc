"""The numbers of the table for a page, a column a metric: small, and exact to 11 binary digits (0.05 %).

A column is the values of all pairs by all methods, pair by pair, as 16-bit floats of the value times a power of two
that brings the largest near their upper end. So values down to a hundred-millionth of the largest keep their digits.
All first bytes come before all second bytes, which compresses better, and the whole is deflated.
"""

import base64
import math
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.statistics.names import FAILURE
from stages.statistics.table import items_of

ROOM = 15  # the largest value of a column lies between 2^14 and 2^15; 16-bit floats end below 2^16
TRANSFER = "transfer"


class Column(NamedTuple):
    """A metric of all composites.

    values: float64 (pairs, methods), nan where there is none. notes: why a value is not finite, by the same places.
    """

    metric: str
    direction: str
    values: np.ndarray
    notes: dict[tuple[int, int], str]


def columns_of(frame: pd.DataFrame, pairs: Sequence[str], methods: Sequence[str]) -> list[Column]:
    """The metrics of single composites, in the order of their names, without that of failures.

    Args:
        frame: the table of metrics.
        pairs, methods: names, in the page's order; other rows are left out.
    """
    items = items_of(frame[(frame["protocol"] == TRANSFER) & (frame["metric"] != FAILURE)])
    items = items[items["item"].isin(pairs) & items["method"].isin(methods)]
    of_pair, of_method = ({name: k for k, name in enumerate(names)} for names in (pairs, methods))
    found = []
    for metric, rows in items.groupby("metric", sort=True):
        values = np.full((len(pairs), len(methods)), math.nan)
        values[rows["item"].map(of_pair), rows["method"].map(of_method)] = rows["value"].to_numpy(float)
        said = rows[rows["note"] != ""]
        places = zip(said["item"].map(of_pair), said["method"].map(of_method), said["note"], strict=True)
        notes = {(int(i), int(j)): str(note) for i, j, note in places}
        found.append(Column(str(metric), str(rows["direction"].iloc[0]), values, notes))
    return found


def failures_of(frame: pd.DataFrame, pairs: Sequence[str], methods: Sequence[str]) -> list[dict[str, str]]:
    """For each method the pairs whose result is a failure, each with what was found."""
    rows = items_of(frame[(frame["protocol"] == TRANSFER) & (frame["metric"] == FAILURE) & (frame["value"] == 1)])
    known = set(pairs)
    of_method: dict[str, dict[str, str]] = {method: {} for method in methods}
    for method, item, note in zip(rows["method"], rows["item"], rows["note"], strict=True):
        if method in of_method and item in known:
            of_method[method][item] = note or "failed"
    return [of_method[method] for method in methods]


def packed(values: np.ndarray) -> dict[str, object]:
    """A column as JSON: `s`, the power of two that values are multiplied by, and `v`, base64 of the deflated floats."""
    flat = values.astype(float).ravel()
    largest = max((abs(v) for v in flat if math.isfinite(v)), default=0.0)
    scale = ROOM - math.frexp(largest)[1] if largest else 0
    with np.errstate(over="ignore", under="ignore"):
        half = np.ldexp(flat, scale).astype("<f2")
    return {"s": scale, "v": deflated(half.tobytes(), 2)}


def deflated(content: bytes, width: int) -> str:
    """Base64 of numbers of `width` bytes, deflated: all first bytes, then all second ones, and so on."""
    turned = np.frombuffer(content, np.uint8).reshape(-1, width).T.tobytes()
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(squeezer.compress(turned) + squeezer.flush()).decode()


def coded(texts: Iterable[str]) -> dict[str, object]:
    """Texts of which many are equal: `t`, each once, and `v`, base64 of the deflated numbers of 16 bits."""
    listed = list(texts)
    known = {text: k for k, text in enumerate(dict.fromkeys(listed))}
    if len(known) > 2**16:
        raise ValueError(f"{len(known)} different texts; a column has room for {2**16}")
    return {"t": list(known), "v": deflated(np.array([known[text] for text in listed], "<u2").tobytes(), 2)}


def column_json(column: Column) -> dict[str, object]:
    """A column for the page: as `packed`, and `n`, the notes by place, as `coded`, if there are any."""
    found = packed(column.values)
    if column.notes:
        pairs, methods = column.values.shape
        found["n"] = coded(column.notes.get((i, j), "") for i in range(pairs) for j in range(methods))
    return found
