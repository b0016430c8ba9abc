"""The report on a ranking's sensitivity: which order of methods survives every way of measuring, and which does not."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.reporting.circular import Losses
from stages.reporting.names import ARROWS, method_name
from stages.reporting.tables import NOTHING, markdown_table, number
from stages.scoring.variants import DEFAULT
from stages.statistics.comparison import MIN_ITEMS
from stages.statistics.orders import Order, halves, moved, order_of, steady_groups, tau

# What a row of the numbers is: of which wanted metric (by its name without the size), measured how and of what.
COLUMNS = ["metric", "variant", "axis", "method", "item", "measured", "value", "direction", "note"]
HALVES = "halves"
AGREES = 1e-6  # by which the default may differ from the table: float32 on another machine does


class Found(NamedTuple):
    """The order of the methods by a variant; None where no pair has a value of every method."""

    variant: str
    axis: str
    order: Order | None


def orders_of(
    numbers: pd.DataFrame, methods: Sequence[str], pairs: Sequence[str], splits: int, seed: int
) -> dict[str, list[Found]]:
    """The orders by every metric, that of the default first, then those of the variants and of halves of the pairs.

    Args:
        numbers: the columns COLUMNS.
        methods: by which the places of an `Order` go.
        pairs: those that all methods have.
        splits, seed: of the halves.
    """
    found: dict[str, list[Found]] = {}
    for metric, of_metric in numbers.groupby("metric", sort=False):
        rows = found.setdefault(str(metric), [])
        for variant, group in of_metric.groupby("variant", sort=False):
            axis = str(group["axis"].iloc[0])
            rows.append(Found(str(variant), axis, _order(group, methods, pairs)))
        default = of_metric[of_metric["variant"] == DEFAULT]
        for k, both in enumerate(halves(pairs, splits, seed), start=1):
            for part, items in zip("ab", both, strict=True):
                rows.append(Found(f"half {k}{part}", HALVES, _order(default, methods, items)))
    return found


def _order(group: pd.DataFrame, methods: Sequence[str], pairs: Sequence[str]) -> Order | None:
    wide = group.pivot(index="item", columns="method", values="value").reindex(index=list(pairs), columns=list(methods))
    return order_of(wide.to_numpy(dtype=np.float64), group["direction"].iloc[0] == "higher")


def sensitivity_text(
    numbers: pd.DataFrame,
    found: Mapping[str, Sequence[Found]],
    methods: Sequence[str],
    pairs: Sequence[str],
    of: int,
    difference: float,
    losses: Losses,
) -> str:
    """The report in Markdown.

    Args:
        numbers, methods, pairs: as of `orders_of`.
        found: what that gave.
        of: how many pairs there are.
        difference: the largest of the default from the table of the run.
        losses: the networks that a method minimised.
    """
    few = len(pairs) < MIN_ITEMS
    parts = [
        "# Does the ranking survive?",
        f"{len(methods)} methods, ordered by their means over {_pairs_said(len(pairs), of)}. Each variant changes one "
        "thing of the default. τ is Kendall's τ of the variant's order and the default's order: 1 is the same order, "
        "-1 the reverse.",
        "Larger masks contain pixels that should not be compared, as the mask rules of some other papers do: *kept* "
        "then has some of the new hair, and *taken* some of the face. Methods that paste get worse values by that.",
        *([f"With fewer than {MIN_ITEMS} pairs an order may be chance, and even more so in a half."] if few else []),
        _agreement(difference),
        _summary(found, methods, losses),
    ]
    for metric, rows in found.items():
        of_metric = numbers[(numbers["metric"] == metric) & (numbers["variant"] == DEFAULT)]
        name = f"{losses.marked(of_metric['measured'].iloc[0])} {ARROWS[of_metric['direction'].iloc[0]]}"
        parts += [f"## {name}", _table(rows, methods), *_of_halves(rows)]
    if note := losses.note(numbers["measured"].unique()):
        parts.append(note)
    return "\n\n".join(parts) + "\n"


def _pairs_said(n: int, of: int) -> str:
    return f"all {n} pairs" if n == of else f"the {n} of {of} pairs in which no method failed"


def _agreement(difference: float) -> str:
    if difference <= AGREES:
        return f"The default's values are those of `metrics.parquet` (largest difference {difference:.1g})."
    return (
        f"**The default's values differ from `metrics.parquet` by up to {difference:.1g}.** The run or the code has "
        "changed since; type `snakemake` and run this again."
    )


def _default(rows: Sequence[Found]) -> Order | None:
    return next(row.order for row in rows if row.variant == DEFAULT)


def _summary(found: Mapping[str, Sequence[Found]], methods: Sequence[str], losses: Losses) -> str:
    rows = []
    for metric, each in found.items():
        default = _default(each)
        if default is None:
            rows.append([losses.marked(metric), "no pair has values of all methods", *[NOTHING] * 3])
            continue
        orders = [row.order for row in each if row.order is not None]
        taus = [tau(default, order) for order in orders if order is not default]
        least = min((each for each in taus if not math.isnan(each)), default=math.nan)
        shares = [_same_leader(default, each, wanted) for wanted in (False, True)]
        rows.append(
            [losses.marked(metric), _chain(steady_groups([default, *orders]), methods), *shares, _tau_said(least)]
        )
    header = ["metric", "order in every variant", "same leader, variants", "same leader, halves", "smallest τ"]
    return markdown_table(header, rows)


def _tau_said(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.2f}"


def _same_leader(default: Order, rows: Iterable[Found], of_halves: bool) -> str:
    orders = [
        row.order
        for row in rows
        if (row.axis == HALVES) == of_halves and row.order is not None and row.variant != DEFAULT
    ]
    if not orders:
        return NOTHING
    return f"{sum(order.leaders == default.leaders for order in orders)} of {len(orders)}"


def _chain(groups: Sequence[Sequence[int]], methods: Sequence[str]) -> str:
    """`A, then B or C, then D`: methods of one group change places somewhere; `none` if all are one group."""
    if len(groups) == 1 and len(methods) > 1:
        return "none"
    return ", then ".join(" or ".join(method_name(methods[k]) for k in group) for group in groups)


def _table(rows: Sequence[Found], methods: Sequence[str]) -> str:
    default = _default(rows)
    names = [method_name(method) for method in methods]
    lines = []
    for row in rows:
        if _is_quiet_half(row, default):
            continue
        if row.order is None:
            lines.append([row.variant, "0", NOTHING, NOTHING, *[NOTHING] * len(methods)])
            continue
        means = [f"{number(float(mean))} ({rank})" for mean, rank in zip(row.order.means, row.order.ranks, strict=True)]
        lines.append([
            row.variant,
            str(row.order.n),
            *_against(default if row.variant != DEFAULT else None, row.order, names),
            *means,
        ])  # fmt: skip
    return markdown_table(["variant", "N", "τ", "changes place", *(f"{name} (rank)" for name in names)], lines)


def _is_quiet_half(row: Found, default: Order | None) -> bool:
    """Whether a row is of a half in which nobody changes place: it needs no line of its own."""
    return row.axis == HALVES and (default is None or (row.order is not None and not moved(default, row.order)))


def _of_halves(rows: Sequence[Found]) -> list[str]:
    default = _default(rows)
    of_halves = [row for row in rows if row.axis == HALVES]
    quiet = sum(_is_quiet_half(row, default) for row in of_halves)
    said = f"In {quiet} of {len(of_halves)} halves of the pairs no method changes place."
    return [said] if of_halves and default is not None else []


def _against(default: Order | None, order: Order, names: Sequence[str]) -> tuple[str, str]:
    return (NOTHING, NOTHING) if default is None else (_tau_said(tau(default, order)), _moves(default, order, names))


def _moves(default: Order, order: Order, names: Sequence[str]) -> str:
    said = [f"{names[k]} {default.ranks[k]} → {order.ranks[k]}" for k in moved(default, order)]
    return ", ".join(said) or "none"
