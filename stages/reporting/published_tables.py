"""Tables of published numbers. Each row has its protocol beside it, and no row was measured here."""

from collections.abc import Mapping

import pandas as pd

from stages.reporting.published import PROTOCOL, SOURCES, elsewhere, published
from stages.reporting.tables import NOTHING, markdown_table


def paper_table() -> str:
    """The paper's Table 1, a row a metric: its protocol, then every method."""
    return _table(published().assign(value=lambda table: table["value"].map("{:.2f}".format)))


def published_tables() -> list[tuple[str, str]]:
    """What others published by protocols of their own: for each source what it is, and its table."""
    return [(SOURCES[str(source)], _table(numbers)) for source, numbers in elsewhere().groupby("source", sort=False)]


def _table(numbers: pd.DataFrame) -> str:
    """A row a metric and protocol, a column a method."""
    methods = list(dict.fromkeys(numbers["method"]))
    rows = []
    for key, of_row in numbers.groupby(["metric", *PROTOCOL], sort=False):
        values: Mapping[str, str] = dict(zip(of_row["method"], of_row["value"], strict=True))
        rows.append([*map(str, key), *(values.get(method, NOTHING) for method in methods)])
    return markdown_table(["metric", *PROTOCOL.values(), *methods], rows)
