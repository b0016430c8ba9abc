"""The long-form table of all measurements: a row an item and metric, and a summary row over all items.

Columns:
    protocol, method, item, metric: the key. `item` names an image or a pair, `*` the summary over all of them
        (the only row of a set metric, such as FID).
        `metric` says all that the number depends on, as in `PSNR@256`. `failure` is 1 where a method's result of an
        item is a failure, else 0; such a result is not measured otherwise.
    images: the images that an item is made from, as `stages.statistics.images.joined` gives them; empty for a summary.
    value: the number, or the mean of a summary. Missing where the metric is undefined; PSNR may be infinite.
    n: 1 for an item, the number of items averaged for a summary.
    low, high: the interval of a summary's mean, or of the share of failures; missing for an item.
    excluded: items left out of a summary because their value is missing or infinite; 0 for an item.
    direction: `higher` or `lower`, whichever is better.
    note: why an item has no finite value, where that is no failure (two images are identical, a region is empty); else
        empty.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.formats.files import write_atomic
from stages.statistics.intervals import mean_interval, wilson
from stages.statistics.names import FAILURE

SUMMARY = "*"
DIRECTIONS = ("higher", "lower")
GROUP = ["protocol", "method", "metric"]
KEY = [*GROUP, "item"]
FORMAT = {"format": "3"}
SCHEMA = pa.schema(
    [
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("images", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("n", pa.int32(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("excluded", pa.int32(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
    ]
)
ITEM_DEFAULTS: dict[str, int | float | str] = {
    "n": 1,
    "low": float("nan"),
    "high": float("nan"),
    "excluded": 0,
    "note": "",
}


class Row(Protocol):
    """A row of the table, as `rows` gives it."""

    protocol: str
    method: str
    item: str
    metric: str
    images: str
    value: float
    n: int
    low: float
    high: float
    excluded: int
    direction: str
    note: str


def rows(frame: pd.DataFrame) -> Iterator[Row]:
    """The rows of a table, one by one."""
    return cast("Iterator[Row]", frame.itertuples())


def items_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of single items."""
    return frame[frame["item"] != SUMMARY]


def summarise(items: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """Append to the rows of items a summary row for each protocol, method and metric.

    Args:
        items: columns protocol, method, item, metric, value, direction; the others may be left out. Without `images`
            each item is an image of its own.
        level: confidence of the intervals.

    Returns:
        All columns of the table: the items as they came, then the summaries in the order of their keys. A mean has the
        interval of `mean_interval`, the share of failures that of `wilson`.

    Raises:
        ValueError: a column is missing or unknown, a value does not fit its column, an item is named `*` or measured
            twice, or a direction is unknown or not the same for all items of a summary.
    """
    defaults = {name: value for name, value in ITEM_DEFAULTS.items() if name not in items.columns}
    images = items["images"] if "images" in items.columns else items["item"]
    items = _arrow(items.assign(**defaults, images=images)).to_pandas()
    if (items["item"] == SUMMARY).any():
        raise ValueError(f"no item may be named {SUMMARY!r}, which stands for the summary")
    summarised = []
    for key, group in items.groupby(GROUP):
        directions = group["direction"].unique()
        if len(directions) > 1:
            raise ValueError(f"{' / '.join(map(str, key))}: the direction differs between items")
        if key[-1] == FAILURE:
            interval = wilson(int(group["value"].sum()), len(group), level=level)
        else:
            interval = mean_interval(group["value"].to_numpy(), group["images"].to_list(), level=level)
        summarised.append(
            {
                **dict(zip(GROUP, key, strict=True)),
                "item": SUMMARY,
                "images": "",
                "value": interval.mean,
                "n": interval.n,
                "low": interval.low,
                "high": interval.high,
                "excluded": interval.excluded,
                "direction": directions[0],
                "note": "",
            }
        )
    summaries = _arrow(pd.DataFrame(summarised, columns=SCHEMA.names)).to_pandas()
    whole: pd.DataFrame = pd.concat([items, summaries], ignore_index=True)
    return whole


def write(frame: pd.DataFrame, path: str | Path) -> None:
    """Write the table, its rows sorted by key, as Parquet; the file appears whole or not at all.

    A nan is stored as a missing value, an infinite value as it is.

    Raises:
        ValueError: the frame is no such table: a column is missing or unknown, a value does not fit its column, a
            direction is unknown, or a key occurs twice.
        UserError: the file cannot be written.
    """
    table = _arrow(frame).sort_by([(name, "ascending") for name in KEY])
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    write_atomic(Path(path), buffer.getvalue())


def read(path: str | Path) -> pd.DataFrame:
    """Read a table that `write` wrote; missing values come as nan.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is damaged or not such a table; the message names it.
    """
    content = Path(path).read_bytes()
    try:
        # Not read_table: it would add columns for folders named like `metric=PSNR`.
        with pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True) as file:
            table = file.read()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"{path}: not a table of metrics ({error})") from error
    version = (table.schema.metadata or {}).get(b"format", b"missing").decode(errors="replace")
    if version != FORMAT["format"]:
        raise ValueError(f"{path}: not a table of metrics of format {FORMAT['format']} (its format: {version})")
    if not table.schema.equals(SCHEMA):
        raise ValueError(f"{path}: not a table of metrics (its columns: {', '.join(table.schema.names)})")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """The frame with the table's columns in their order and exact types, or ValueError."""
    missing = [name for name in SCHEMA.names if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in SCHEMA.names]
    if missing or unknown or not frame.columns.is_unique:
        raise ValueError(f"columns {', '.join(SCHEMA.names)} are needed; missing: {missing}, unknown: {unknown}")
    try:
        table = pa.Table.from_pandas(frame[SCHEMA.names], schema=SCHEMA, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ValueError(f"a value does not fit its column: {error}") from error
    wrong = sorted(set(frame["direction"]) - set(DIRECTIONS))
    if wrong:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, not {wrong[0]!r}")
    twice = frame[frame.duplicated(KEY)]
    if len(twice):
        raise ValueError(f"{' / '.join(twice.iloc[0][KEY])}: measured twice")
    return table.replace_schema_metadata(FORMAT)
