"""Method against method on the same items: paired differences, their intervals and tests, wins and losses."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.statistics.intervals import mean_interval
from stages.statistics.names import FAILURE
from stages.statistics.table import items_of

COLUMNS = ["protocol", "metric", "method", "n", "difference", "low", "high", "wins", "ties", "losses", "p"]
MIN_ITEMS = 12  # below, no method is set in bold: intervals of so few items are too narrow where values are skewed

CAUTION = 0.5  # of 1 - level is what claims get: far out, where Holm looks, the tests are surer than they should be


class Values(NamedTuple):
    """A metric's values.

    `values`: float64 (items, methods), nan where there is none. `failed`: bool of the same shape, where the method's
    result of the item is a failure. `images`: those of every item. `sign`: 1 if higher is better, else -1.
    """

    protocol: str
    metric: str
    methods: list[str]
    values: np.ndarray
    failed: np.ndarray
    images: list[str]
    sign: int

    def better_by(self, method: int, other: int) -> np.ndarray:
        """By how much a method is better than another on every item; nan where one of the two has no value."""
        better: np.ndarray = self.sign * (self.values[:, method] - self.values[:, other])
        return better

    def outcomes(self, method: int, other: int) -> tuple[int, int, int]:
        """Wins, ties and losses of a method; a failure loses against what is none, and ties with another failure."""
        failed, other_failed = self.failed[:, method], self.failed[:, other]
        better = self.better_by(method, other)
        better[failed | other_failed] = (other_failed.astype(int) - failed)[failed | other_failed]
        return int((better > 0).sum()), int((better == 0).sum()), int((better < 0).sum())


def metrics_of(frame: pd.DataFrame) -> Iterator[Values]:
    """The values of every protocol and metric of single items, in the order of the table; failures are no metric."""
    items = items_of(frame)
    for protocol, of_protocol in items.groupby("protocol", sort=False):
        images = of_protocol.drop_duplicates("item").set_index("item")["images"].sort_index()
        failures = of_protocol[of_protocol["metric"] == FAILURE].pivot(index="item", columns="method", values="value")
        for metric, group in of_protocol[of_protocol["metric"] != FAILURE].groupby("metric", sort=False):
            methods = list(dict.fromkeys(group["method"]))
            wide = group.pivot(index="item", columns="method", values="value").reindex(
                index=images.index, columns=methods
            )
            values = wide.to_numpy(dtype=np.float64)
            failed = (failures.reindex(index=images.index, columns=methods) == 1).to_numpy()
            sign = 1 if group["direction"].iloc[0] == "higher" else -1
            finite = np.where(np.isfinite(values), values, np.nan)
            yield Values(str(protocol), str(metric), methods, finite, failed, images.to_list(), sign)


def compare(frame: pd.DataFrame, against: str, *, level: float) -> pd.DataFrame:
    """Compare every method with one of them, metric by metric, on the items that both have.

    Args:
        frame: a table of metrics, as `table.read` gives it.
        against: the method that the others are compared with.
        level: confidence of the intervals.

    Returns:
        A row a protocol, metric and other method that has common items with `against`, in the order of the frame:
        `n` items whose values are finite in both; `difference`, the mean of the method's value less the other's, with
        its interval `low`, `high`; `wins`, `ties`, `losses`, on how many items the method is better, equal or worse,
        where a failure loses; `p`, of the two-sided test that the mean difference is 0, corrected by Holm for all rows
        of the result. Where all differences are 0 or there are too few, p is 1.
    """
    rows = []
    for each in metrics_of(frame):
        if against not in each.methods:
            continue
        other = each.methods.index(against)
        for k, method in enumerate(each.methods):
            found = mean_interval(each.sign * each.better_by(k, other), each.images, level=level)
            if k != other and found.n:
                row = (each.protocol, each.metric, method, found.n, found.mean, found.low, found.high)
                rows.append((*row, *each.outcomes(k, other), found.p))
    result = pd.DataFrame(rows, columns=COLUMNS)
    return result.assign(p=holm(result["p"].to_numpy(dtype=float)))


def leaders(metrics: Iterable[Values], *, level: float) -> set[tuple[str, str, str]]:
    """(protocol, method, metric) of every method that is the best beyond doubt.

    It is better than every other method: in the mean over the items that both have, at least `MIN_ITEMS`, and on more
    items than it is worse, where a failure loses. The largest p of these tests is that of the claim; the claims of the
    whole table are corrected by Holm, so that a table of equal methods has any leader in at most 1 - `level` of cases
    (`benchmarks/coverage.py` counts them).
    Methods with the same values on all items (they share an embedding, say) lead together. Set metrics have no items,
    so nobody leads.

    Args:
        metrics: those of the whole table, as `metrics_of` gives them.
        level: 1 less the share of tables of equal methods in which anything is said to lead.
    """
    claims: list[tuple[float, list[tuple[str, str, str]]]] = []
    for each in metrics:
        groups = _alike(each.values)
        if len(groups) > 1:
            doubt, best = min((_doubt(each, group, groups, level), k) for k, group in enumerate(groups))
            claims.append((doubt, [(each.protocol, each.methods[k], each.metric) for k in groups[best]]))
    corrected = holm(np.array([p for p, _ in claims]))
    return {key for p, (_, keys) in zip(corrected, claims, strict=True) if p < CAUTION * (1 - level) for key in keys}


def _alike(values: np.ndarray) -> list[list[int]]:
    """Methods in groups of the same values on all items."""
    groups: dict[bytes, list[int]] = {}
    for k, column in enumerate(values.T):
        groups.setdefault(column.tobytes(), []).append(k)
    return list(groups.values())


def _doubt(each: Values, group: list[int], groups: list[list[int]], level: float) -> float:
    """The largest p of the claims that a group's methods are better than each other one; 1 if one does not hold."""
    doubt = 0.0
    for other in (other for other in groups if other is not group):
        better = each.better_by(group[0], other[0])
        wins, _, losses = each.outcomes(group[0], other[0])
        if np.isfinite(better).sum() < MIN_ITEMS or np.nansum(better) <= 0 or wins <= losses:
            return 1.0
        doubt = max(doubt, mean_interval(better, each.images, level=level).p)
    return doubt


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down procedure (Holm, Scand. J. Statist. 6, 1979)."""
    order = np.argsort(p, kind="stable")
    steps = (len(p) - np.arange(len(p))) * p[order]
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(p) else steps
    return corrected
