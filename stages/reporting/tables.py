"""The report's tables, as Markdown; every number comes from metrics.parquet, the records or the weight files.

Methods are rows, so that ten of them stay readable; metrics are columns, in groups by their first word.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import pandas as pd

from stages.engine.stage_records import Record
from stages.formats.weight_files import DIGEST, read_metadata
from stages.metrics.frechet import NULL
from stages.metrics.kernel import ERROR
from stages.regions.pair import Pair, as_table
from stages.reporting.circular import Losses
from stages.reporting.cost import PARTS
from stages.reporting.names import ARROWS, method_name
from stages.reporting.published import PAPER_METHODS, PAPER_METRICS
from stages.settings.manifests import Face
from stages.statistics.names import FAILURE
from stages.statistics.table import SUMMARY

STAGE_TITLES = {
    "faces": "faces", "maps": "label maps", "targets": "target maps", "codes": "embedding",
    "reconstructions": "reconstruction", "aligned": "alignment", "composites": "composites",
}  # fmt: skip
NOTHING = "–"
FIRST = ("taken", "kept")  # what a transfer is about; single regions follow
Leaders = set[tuple[str, str, str]]


def number(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """A value with its interval, if it has one, to three digits or so of the largest of them.

    The interval does not break across lines: a narrow column shows it below the value.
    """
    if pd.isna(value):
        return NOTHING
    largest = max(abs(x) for x in (value, low, high) if math.isfinite(x)) if math.isfinite(value) else 0
    digits = next((d for d, least in enumerate((100, 10, 0.1, 0.01), start=1) if largest >= least), 5) if largest else 3
    text = f"{value:.{digits}f}"
    return text if pd.isna(low) else f"{text} [{low:.{digits}f},\u00a0{high:.{digits}f}]"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], words: bool = False) -> str:
    """A Markdown table, the first column to the left and the others to the right, or to the left if they hold words."""
    lines = [header, ["---", *["---" if words else "---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def groups(frame: pd.DataFrame, protocol: str) -> dict[str, list[str]]:
    """Metrics of a protocol's items by first word, those of FIRST first; what would be alone is last, under ``""``."""
    found: dict[str, list[str]] = {}
    items = frame[(frame["protocol"] == protocol) & (frame["item"] != SUMMARY) & (frame["metric"] != FAILURE)]
    for metric in dict.fromkeys(items["metric"]):
        found.setdefault(metric.split(" ")[0] if " " in metric else "", []).append(metric)
    alone = [metric for group, metrics in found.items() if group == "" or len(metrics) == 1 for metric in metrics]
    order = sorted(found, key=lambda group: FIRST.index(group) if group in FIRST else len(FIRST))
    together = {group: found[group] for group in order if group != "" and len(found[group]) > 1}
    return together | ({"": alone} if alone else {})


def set_metrics(frame: pd.DataFrame, protocol: str) -> list[str]:
    """Metrics of a protocol that have no items: distances between sets of images."""
    of_protocol = frame[frame["protocol"] == protocol]
    items = set(of_protocol.loc[of_protocol["item"] != SUMMARY, "metric"])
    return [metric for metric in dict.fromkeys(of_protocol["metric"]) if metric not in items]


def measured_table(
    frame: pd.DataFrame, protocol: str, metrics: Sequence[str], methods: Sequence[str], leaders: Leaders,
    losses: Losses,
) -> str:  # fmt: skip
    """Means with their intervals, a row a method; a cell of another N than its row's says so.

    Where results were judged, a column says how many failed, with the interval of their share.
    """
    of_protocol = _summary(frame, protocol)
    failures = of_protocol[of_protocol["metric"] == FAILURE].set_index("method")
    directions = of_protocol.drop_duplicates("metric").set_index("metric")["direction"]
    rows = []
    for method in methods:
        of_method = of_protocol[of_protocol["method"] == method].set_index("metric")
        n = of_method.loc[of_method.index.isin(metrics), "n"].max()
        cells = [_cell(of_method, metric, n, (protocol, method, metric) in leaders) for metric in metrics]
        failed = [_failed(failures, method)] if len(failures) else []
        rows.append([method_name(method), NOTHING if pd.isna(n) else str(n), *failed, *cells])
    counts = ["N", "failed"] if len(failures) else ["N"]
    header = ["method", *counts, *(f"{losses.marked(metric)} {ARROWS[directions[metric]]}" for metric in metrics)]
    return _noted(markdown_table(header, rows), losses, metrics)


def _failed(failures: pd.DataFrame, method: str) -> str:
    """How many of a method's results failed, and the interval of their share."""
    if method not in failures.index:
        return NOTHING
    row = _row(failures, method)
    return f"{round(row['value'] * row['n'])} of {row['n']} [{row['low']:.0%},\u00a0{row['high']:.0%}]"


def _noted(table: str, losses: Losses, metrics: Iterable[str]) -> str:
    """A table, and one line below it if a metric of it is a circular judge."""
    note = losses.note(metrics)
    return f"{table}\n\n{note}" if note else table


def set_table(frame: pd.DataFrame, protocol: str, methods: Sequence[str], losses: Losses) -> str:
    """Fréchet distances beside what they are by chance, and kernel distances with their errors; a row a method."""
    of_protocol = _summary(frame, protocol).set_index(["method", "metric"])
    metrics = set_metrics(frame, protocol)
    directions = of_protocol.groupby("metric")["direction"].first()
    distances = [metric for metric in metrics if not metric.endswith((NULL, ERROR))]
    rows = []
    for method in methods:
        of_method = of_protocol.loc[method]
        cells = [str(of_method["n"].get(metrics[0], 0))]
        for metric in distances:
            value, error = (of_method["value"].get(name, math.nan) for name in (metric, f"{metric}{ERROR}"))
            if f"{metric}{ERROR}" in metrics:
                cells.append(f"{number(1000 * value)} ± {number(1000 * error)}")
            else:
                cells.append(number(value))
            if f"{metric}{NULL}" in metrics:
                cells.append(number(*of_method[["value", "low", "high"]].reindex([f"{metric}{NULL}"]).iloc[0]))
        rows.append([method_name(method), *cells])
    header = ["method", "N"]
    for metric in distances:
        arrow = ARROWS[directions[metric]]
        name = losses.marked(metric)
        header.append(f"{name} × 10³ ± SE {arrow}" if f"{metric}{ERROR}" in metrics else f"{name} {arrow}")
        header += ["by chance"] if f"{metric}{NULL}" in metrics else []
    return _noted(markdown_table(header, rows), losses, distances)


def reconstruction_table(frame: pd.DataFrame, methods: Sequence[str], leaders: Leaders, losses: Losses) -> str:
    """What was measured here in the columns of the paper's Table 1, the paper's methods first, and other metrics."""
    summary = _summary(frame, "reconstruction")
    of_items = [metric for metrics in groups(frame, "reconstruction").values() for metric in metrics]
    by_kind = {metric.split("@")[0]: metric for metric in dict.fromkeys(summary["metric"])}
    extra = [metric for metric in of_items if metric.split("@")[0] not in PAPER_METRICS]
    directions = summary.drop_duplicates("metric").set_index("metric")["direction"]
    columns = [*(by_kind.get(kind, kind) for kind in PAPER_METRICS), *extra]
    header = ["method", "N"]
    header += [f"{losses.marked(by_kind.get(kind, kind))} {arrow}" for kind, arrow in PAPER_METRICS.items()]
    header += [f"{losses.marked(metric)} {ARROWS[directions[metric]]}" for metric in extra]
    rows = []
    named = {method_name(method): method for method in methods}
    place = {name: k for k, name in enumerate(PAPER_METHODS)}
    for name in sorted(named, key=lambda name: place.get(name, len(place))):
        of_method = summary[summary["method"] == named[name]].set_index("metric")
        n = of_method.loc[of_method.index.isin(columns), "n"].max()
        leads = [("reconstruction", named[name], metric) in leaders for metric in columns]
        cells = [_cell(of_method, metric, n, leading) for metric, leading in zip(columns, leads, strict=True)]
        rows.append([name, NOTHING if pd.isna(n) else str(n), *cells])
    return _noted(markdown_table(header, rows), losses, columns)


def comparison_table(compared: pd.DataFrame, protocol: str, metrics: Sequence[str], losses: Losses) -> str:
    """Every method's mean difference from one of them with its interval, wins, ties, losses and p; a row a method."""
    of_protocol = compared[(compared["protocol"] == protocol) & compared["metric"].isin(metrics)]
    rows = []
    for method, group in of_protocol.groupby("method", sort=False):
        cells = group.set_index("metric")
        rows.append([method_name(str(method)), *(_difference(cells, metric) for metric in metrics)])
    return _noted(markdown_table(["method", *map(losses.marked, metrics)], rows), losses, metrics)


def _difference(cells: pd.DataFrame, metric: str) -> str:
    if metric not in cells.index:
        return NOTHING
    row = _row(cells, metric)
    difference = number(row["difference"], row["low"], row["high"])
    outcomes = f"{int(row['wins'])}–{int(row['ties'])}–{int(row['losses'])}"
    return f"{difference}<br>{outcomes}, p\u00a0{row['p']:.2g}"


def _row(frame: pd.DataFrame, label: str) -> Mapping[str, float]:
    """The numbers of a row."""
    return cast("Mapping[str, float]", frame.loc[label])


def _summary(frame: pd.DataFrame, protocol: str) -> pd.DataFrame:
    return frame[(frame["protocol"] == protocol) & (frame["item"] == SUMMARY)]


def _cell(of_method: pd.DataFrame, metric: str, n: int, leads: bool) -> str:
    if metric not in of_method.index:
        return NOTHING
    row = _row(of_method, metric)
    mean, space, interval = number(row["value"], row["low"], row["high"]).partition(" ")
    return (f"**{mean}**" if leads else mean) + space + interval + (f" (N\u00a0{row['n']})" if row["n"] != n else "")


def cost_table(records: Sequence[Record]) -> str:
    """Seconds and peak memory a stage, as they were when the items were computed."""
    rows = []
    for record in records:
        kind, _, method = record["stage"].partition("-")
        done = [item for item in record["items"] if item["status"] == "ok"]
        seconds = sum(item["seconds"] for item in done)
        title = STAGE_TITLES.get(kind, kind) + (f", {method_name(method)}" if method else "")
        peak = max((item["peak_mib"] for item in done), default=0)
        each = seconds / len(done) if done else 0.0
        rows.append([title, f"{len(done)} of {len(record['items'])}", f"{seconds:.1f}", f"{each:.2f}", f"{peak:,}"])
    return markdown_table(["stage", "items", "seconds", "seconds an item", "peak memory, MiB"], rows)


def seconds_table(seconds: pd.DataFrame) -> str:
    """Seconds a pair by method and part, as `seconds_a_pair` gives them."""
    rows = [
        [
            method_name(str(method)),
            str(int(row["n"])),
            *(NOTHING if math.isnan(row[part]) else f"{row[part]:.2f}" for part in [*PARTS, "seconds"]),
        ]
        for method, row in seconds.iterrows()
    ]
    return markdown_table(["method", "N", *PARTS, "all"], rows)


def weights_table(networks: Sequence[Path]) -> str:
    """Where every network's weights come from."""
    rows = []
    for path in networks:
        meta = read_metadata(path)
        package = f"{meta['package']} {meta['version']}"
        rows.append([meta["network"], package, meta["licence"], f"`{meta['sha256'][:16]}`", f"`{meta[DIGEST][:16]}`"])
    return markdown_table(["network", "package", "licence", "archive sha256", "weights sha256"], rows)


def renamed_table(faces: Sequence[Face]) -> str:
    """The images whose name is not what a person calls the photo: a photo's name is made fit for files and lists."""
    rows = [(f"`{face.image}`", _literal(face.original)) for face in faces if _stem(face.original) != face.image]
    return markdown_table(["image", "photo"], rows) if rows else ""


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _literal(text: str) -> str:
    """A text as it is: what Markdown or HTML would read as markup is written by its number."""
    return "".join(c if c.isalnum() or c in " .-" or ord(c) > 127 else f"&#{ord(c)};" for c in text)


def pair_table(pairs: Sequence[Pair]) -> str:
    """The pairs and what is taken from where."""
    return markdown_table(*as_table(pairs))
