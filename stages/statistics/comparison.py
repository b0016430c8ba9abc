"""Method against method on the same items: paired differences, their intervals, tests and win rates."""

import math

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from stages.statistics.intervals import mean_interval
from stages.statistics.table import SUMMARY

COLUMNS = ["protocol", "metric", "method", "n", "difference", "low", "high", "wins", "p"]


def compare(frame: pd.DataFrame, against: str, *, level: float, resamples: int, seed: int) -> pd.DataFrame:
    """Compare every method with one of them, metric by metric, on the items that both have.

    Args:
        frame: a table of metrics, as `table.read` gives it.
        against: the method that the others are compared with.
        level, resamples, seed: of the intervals, as in `mean_interval`.

    Returns:
        A row a protocol, metric and other method that has common items with `against`, in the order of the frame:
        `n` items whose values are finite in both; `difference`, the mean of the method's value less the other's, with
        its BCa interval `low`, `high`; `wins`, the share of items on which the method is better, a tie counting half;
        `p`, of the two-sided Wilcoxon signed-rank test that the difference is symmetric about 0, corrected by Holm for
        all rows of the result. Where all differences are 0 or there are none, p is 1.
    """
    items = frame[frame["item"] != SUMMARY]
    rows = []
    for (protocol, metric), group in items.groupby(["protocol", "metric"], sort=False):
        values = group.pivot(index="item", columns="method", values="value")
        if against not in values:
            continue
        sign = 1 if group["direction"].iloc[0] == "higher" else -1
        for method in (name for name in group["method"].unique() if name != against):
            differences = (values[method] - values[against]).to_numpy()
            differences = differences[np.isfinite(differences)]
            if not len(differences):
                continue
            interval = mean_interval(differences, level=level, resamples=resamples, seed=seed)
            wins = float(np.mean(np.where(differences == 0, 0.5, sign * differences > 0)))
            row = (protocol, metric, method, interval.n, interval.mean, interval.low, interval.high, wins)
            rows.append((*row, signed_rank(differences)))
    result = pd.DataFrame(rows, columns=COLUMNS)
    return result.assign(p=holm(result["p"].to_numpy(dtype=float)))


def leaders(frame: pd.DataFrame, *, level: float, resamples: int, seed: int) -> set[tuple[str, str, str]]:
    """(protocol, method, metric) of every best mean that is beyond doubt.

    That is: the paired difference between the method with the best mean and the next best, on the items that both have,
    has an interval without 0. Methods with the same values on all items (they share an embedding, say) lead together.
    Set metrics have no items, so nobody leads. Arguments as in `compare`.
    """
    found: set[tuple[str, str, str]] = set()
    for (protocol, metric), group in frame[frame["item"] != SUMMARY].groupby(["protocol", "metric"], sort=False):
        values = group.pivot(index="item", columns="method", values="value")
        values = values.where(np.isfinite(values))
        order = values.mean().sort_values(ascending=group["direction"].iloc[0] == "lower", kind="stable").index
        first = values[order[0]]
        equal = [method for method in order if values[method].equals(first)]
        others = [method for method in order if method not in equal]
        if not others:
            continue
        differences = (first - values[others[0]]).to_numpy()
        interval = mean_interval(differences, level=level, resamples=resamples, seed=seed)
        if interval.low > 0 or interval.high < 0:
            found |= {(str(protocol), method, str(metric)) for method in equal}
    return found


def signed_rank(differences: np.ndarray) -> float:
    """p of the two-sided Wilcoxon signed-rank test; items without a difference are left out (Wilcoxon 1945)."""
    different = differences[differences != 0]
    return float(wilcoxon(different).pvalue) if len(different) else 1.0


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down procedure (Holm, Scand. J. Statist. 6, 1979)."""
    order = np.argsort(p, kind="stable")
    steps = (len(p) - np.arange(len(p))) * p[order]
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(p) else steps
    return corrected


def smallest_p(n: int) -> float:
    """The smallest p that the signed-rank test can give for n items: all differences of one sign."""
    return math.ldexp(1.0, 1 - n) if n else 1.0
