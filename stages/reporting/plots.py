"""Figures of numbers: distributions, method against method, metric against seconds, values with intervals."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import matplotlib
import numpy as np
import pandas as pd

from stages.reporting.names import ARROWS, method_name, styles
from stages.reporting.pictures import png
from stages.statistics.table import SUMMARY, rows

matplotlib.use("Agg")
from matplotlib import pyplot, ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ACROSS = 4  # panels in a row
FEW = 20  # items: below, every one is a point; from here on they are counted in bins
BINS = 30


def distributions(
    frame: pd.DataFrame, protocol: str, methods: Sequence[str], title: Callable[[str], str] = str
) -> bytes:
    """A panel a metric and a strip a method: its values, as points if they are few, else as a histogram.

    A black mark and line are the mean and its interval, as in the table. `title`: how a metric is called.
    """
    of_protocol = frame[frame["protocol"] == protocol]
    items, summaries = (of_protocol[(of_protocol["item"] == SUMMARY) == of_all] for of_all in (False, True))
    shown = [method for method in methods if method in set(items["method"])]
    metrics = list(dict.fromkeys(items["metric"]))
    if not metrics:
        return _nothing(f"no items of {protocol} were measured")
    across, down = min(ACROSS, len(metrics)), math.ceil(len(metrics) / ACROSS)
    names = [method_name(method) for method in shown]
    figure, axes = _panels(down, across, 0.28 * len(shown), max(map(len, names)))
    for axis in axes.flat[len(metrics) :]:
        axis.axis("off")
    colours = styles(methods)
    for metric, axis in zip(metrics, axes.flat, strict=False):
        group = items[items["metric"] == metric]
        finite = group[np.isfinite(group["value"])]
        bins = _bins(finite["value"].to_numpy())
        for place, method in enumerate(shown):
            values = finite.loc[finite["method"] == method, "value"].sort_values().to_numpy()
            _strip(axis, values, place, colours[method][0], bins)
            _mean(axis, summaries[(summaries["metric"] == metric) & (summaries["method"] == method)], place)
        left_out = len(group) - len(finite)
        note = f" ({left_out} not finite)" if left_out else ""
        axis.set_title(f"{title(metric)} {ARROWS[group['direction'].iloc[0]]}{note}", fontsize=9)
        axis.set_yticks(range(len(shown)), names if axis in axes[:, 0] else [""] * len(shown), fontsize=8)
        axis.set_ylim(len(shown) - 0.4, -0.6)
        axis.tick_params(axis="x", labelsize=7)
        axis.grid(axis="x", alpha=0.3)
    return png(figure)


def _panels(down: int, across: int, height: float, letters: int) -> tuple[Figure, np.ndarray]:
    """Rows of panels of a height in inches, beside names of at most so many letters.

    Placed by reckoning: matplotlib's own layout draws everything once more, which takes as long as the figure.
    """
    left, width, beside, above, below = 0.2 + 0.065 * letters, 2.75, 0.2, 0.25, 0.25
    size = left + across * (width + beside), down * (above + height + below)
    figure, axes = pyplot.subplots(down, across, figsize=size, squeeze=False)
    figure.subplots_adjust(
        left=left / size[0], right=1 - beside / size[0], wspace=beside / width,
        bottom=below / size[1], top=1 - above / size[1], hspace=(above + below) / height,
    )  # fmt: skip
    return figure, axes


def _bins(values: np.ndarray) -> np.ndarray:
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    return np.linspace(low, high, BINS + 1) if low < high else np.linspace(low - 0.5, low + 0.5, BINS + 1)


def _strip(axis: Axes, values: np.ndarray, place: int, colour: str, bins: np.ndarray) -> None:
    """The values of a method at height `place`, which 0.4 of its neighbours' distance may be filled on both sides."""
    if len(values) < FEW:
        # Sorted neighbours at different heights: equal values stay apart, and the same picture every time.
        heights = place + 0.25 * (np.arange(len(values)) % 3 - 1)
        axis.plot(values, heights, "o", color=colour, markersize=4, alpha=0.7, markeredgewidth=0)
        return
    counts, _ = np.histogram(values, bins)
    axis.stairs(
        place + 0.4 - 0.8 * counts / counts.max(), bins, baseline=place + 0.4, fill=True, color=colour, alpha=0.6
    )


def _mean(axis: Axes, summary: pd.DataFrame, place: int) -> None:
    for row in rows(summary):
        if math.isfinite(row.low):
            axis.plot([row.low, row.high], [place, place], "-", color="black", linewidth=1.5)
        axis.plot(row.value, place, "|", color="black", markersize=9, markeredgewidth=1.5)


def method_against_method(
    frame: pd.DataFrame, protocol: str, metrics: Sequence[str], methods: Sequence[str], against: str,
    title: Callable[[str], str] = str,
) -> bytes:  # fmt: skip
    """A row a method and a column a metric: a point an item, its value by `against` to the right, the method's up.

    On the shaded side of the diagonal the method is the better one.
    """
    items = frame[(frame["protocol"] == protocol) & (frame["item"] != SUMMARY)]
    measured = set(items["method"])
    others = [method for method in methods if method != against and method in measured]
    if against not in measured or not others:
        return _nothing(f"nothing to compare with {method_name(against)}")
    figure, axes = pyplot.subplots(
        len(others), len(metrics), figsize=(2.5 * len(metrics) + 0.6, 2.2 * len(others) + 0.6), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    colours = styles(methods)
    for metric, column in zip(metrics, axes.T, strict=True):
        group = items[items["metric"] == metric]
        values = group.pivot(index="item", columns="method", values="value")
        values = values.where(np.isfinite(values))
        higher = group["direction"].iloc[0] == "higher"
        for method, axis in zip(others, column, strict=True):
            colour, marker = colours[method]
            both = values.reindex(columns=[against, method]).dropna()
            x, y = both[against], both[method]
            ends = _ends(both.to_numpy())
            axis.plot(ends, ends, "-", color="grey", linewidth=0.8)
            axis.fill_between(ends, ends, ends[int(higher)], color="#E8F0E8", zorder=0)
            axis.plot(x, y, marker, color=colour, markersize=5 if len(both) < FEW else 3, alpha=0.6, markeredgewidth=0)
            wins = np.where(x == y, 0.5, (y > x) == higher).mean() if len(both) else math.nan
            axis.set_title(f"better on {wins:.0%} of {len(both)}" if len(both) else "no common items", fontsize=8)
            axis.set(xlim=ends, ylim=ends, aspect="equal")
            axis.tick_params(labelsize=7)
            axis.locator_params(nbins=5)
        arrow = ARROWS["higher" if higher else "lower"]
        column[-1].set_xlabel(f"{title(metric)} {arrow}\n{method_name(against)}", fontsize=8)
    for method, line in zip(others, axes, strict=True):
        line[0].set_ylabel(method_name(method), fontsize=9)
    return png(figure)


def _ends(values: np.ndarray) -> np.ndarray:
    """Two ends of an axis with a little room on both sides of the values."""
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    margin = 0.07 * (high - low) or 0.5
    return np.array([low - margin, high + margin])


def metric_against_seconds(
    frame: pd.DataFrame, protocol: str, metrics: Sequence[str], methods: Sequence[str], seconds: Mapping[str, float],
    title: Callable[[str], str] = str,
) -> bytes:  # fmt: skip
    """A panel a metric: the mean of every method with its interval over the seconds that a pair takes it."""
    summary = frame[(frame["protocol"] == protocol) & (frame["item"] == SUMMARY)]
    timed = [method for method in methods if seconds.get(method, 0) > 0 and method in set(summary["method"])]
    if not timed:
        return _nothing("no method whose seconds are known")
    figure, axes = pyplot.subplots(
        1, len(metrics), figsize=(3.3 * len(metrics) + 1.6, 3.2), squeeze=False, layout="constrained"
    )
    colours = styles(methods)
    for metric, axis in zip(metrics, axes[0], strict=True):
        of_metric = summary[summary["metric"] == metric].set_index("method")
        for method in timed:
            if method not in of_metric.index:
                continue
            row = cast("Mapping[str, float]", of_metric.loc[method])
            colour, marker = colours[method]
            if math.isfinite(row["low"]):
                axis.plot([seconds[method]] * 2, [row["low"], row["high"]], "-", color=colour, linewidth=1.2)
            axis.plot(seconds[method], row["value"], marker, color=colour, markersize=7)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(ticker.LogFormatter())
        axis.xaxis.set_minor_formatter(ticker.LogFormatter(minor_thresholds=(1.5, 0.5)))
        axis.set_xlabel("seconds a pair", fontsize=8)
        axis.set_title(f"{title(metric)} {ARROWS[of_metric['direction'].iloc[0]]}", fontsize=9)
        axis.tick_params(which="both", labelsize=7)
        axis.grid(alpha=0.3)
    handles = [
        matplotlib.lines.Line2D([], [], color=colours[m][0], marker=colours[m][1], linestyle="", label=method_name(m))
        for m in timed
    ]
    figure.legend(handles=handles, loc="outside right center", fontsize=8, frameon=False)
    return png(figure)


def with_intervals(rows: Mapping[str, tuple[float, float, float]], methods: Sequence[str], label: str) -> bytes:
    """A line a method: a value with the ends of its interval; the highest is first.

    Args:
        rows: value, low and high of each method that is shown.
        methods: all of the run, in the order that gives each its colour and mark.
        label: what the values are.
    """
    if not rows:
        return _nothing("no ranking: the report says why")
    ordered, colours = sorted(rows, key=lambda method: -rows[method][0]), styles([*methods, *rows])
    figure, axis = pyplot.subplots(figsize=(6, 0.9 + 0.3 * len(rows)), layout="constrained")
    for place, method in enumerate(ordered):
        value, low, high = rows[method]
        colour, marker = colours[method]
        axis.plot([low, high], [place, place], "-", color=colour, linewidth=1.5)
        axis.plot(value, place, marker, color=colour, markersize=7)
    axis.axvline(0, color="grey", linewidth=0.8)
    axis.set_yticks(range(len(rows)), [method_name(method) for method in ordered], fontsize=9)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel(label, fontsize=8)
    axis.tick_params(axis="x", labelsize=7)
    axis.grid(axis="x", alpha=0.3)
    return png(figure)


def _nothing(why: str) -> bytes:
    """A figure of a line of text, where there is nothing to draw."""
    figure: Figure = pyplot.figure(figsize=(5, 1))
    figure.text(0.5, 0.5, why, ha="center", va="center")
    return png(figure)
