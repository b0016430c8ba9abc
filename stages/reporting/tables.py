"""The report's tables, as Markdown; every number comes from metrics.parquet, the records or the weight files."""

from pathlib import Path
from typing import Any

import pandas as pd

from stages.metrics.published import published
from stages.metrics.table import SUMMARY
from stages.nets.weights import DIGEST, read_metadata
from stages.regions.pair import Pair
from stages.reporting.names import method_name

PAPER_METHODS = ["Baseline", "LOHO", "MichiGAN", "Barbershop"]
PAPER_METRICS = {"RMSE": "↓", "PSNR": "↑", "SSIM": "↑", "VGG": "↓", "LPIPS": "↓", "FID": "↓"}
ARROWS = {"higher": "↑", "lower": "↓"}
STAGE_TITLES = {
    "faces": "faces", "maps": "label maps", "targets": "target maps", "codes": "embedding",
    "aligned": "alignment", "composites": "blending",
}  # fmt: skip


def number(value: float, low: float = float("nan"), high: float = float("nan")) -> str:
    """A value with its interval, if it has one."""
    digits = 2 if abs(value) >= 10 else 3
    if pd.isna(value):
        return "–"
    return f"{value:.{digits}f}" + ("" if pd.isna(low) else f" [{low:.{digits}f}, {high:.{digits}f}]")


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, the first column to the left and the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def reconstruction_table(frame: pd.DataFrame, methods: list[str]) -> str:
    """Table 1 of the paper: what was measured here, and every row that was published."""
    summary = _summary(frame, "reconstruction")
    measured = list(dict.fromkeys(summary["metric"]))
    by_kind = {metric.split("@")[0]: metric for metric in measured}
    extra = [metric for kind, metric in by_kind.items() if kind not in PAPER_METRICS]
    header = ["method", "", "N"]
    header += [f"{by_kind.get(kind, kind)} {arrow}" for kind, arrow in PAPER_METRICS.items()]
    header += [f"{metric} ↓" for metric in extra]
    rows = []
    paper = published()
    named = {method_name(method): method for method in methods}
    for name in [*PAPER_METHODS, *(name for name in named if name not in PAPER_METHODS)]:
        if name in named:
            of_method = summary[summary["method"] == named[name]].set_index("metric")
            cells = [
                _cell(of_method, metric) for metric in [*(by_kind.get(kind, kind) for kind in PAPER_METRICS), *extra]
            ]
            rows.append([name, "measured here", str(of_method["n"].max()), *cells])
        if name in PAPER_METHODS:
            values = paper[paper["method"] == name].set_index("metric")["value"]
            what = "published" if name in named else "published only"
            cells = [number(values[kind]) for kind in PAPER_METRICS] + ["–"] * len(extra)
            rows.append([name, f"{what} (Zhu et al. 2021, Table 1)", "120", *cells])
    return markdown_table(header, rows)


def transfer_table(frame: pd.DataFrame, methods: list[str]) -> str:
    """What a composite keeps of the identity and takes from the reference; a row a metric."""
    summary = _summary(frame, "transfer")
    directions = summary.drop_duplicates("metric").set_index("metric")["direction"]
    rows = []
    for metric in directions.index:
        cells = []
        for method in methods:
            of_method = summary[summary["method"] == method].set_index("metric")
            cells += [_cell(of_method, metric), str(of_method["n"].get(metric, 0))]
        rows.append([f"{metric} {ARROWS[directions[metric]]}", *cells])
    return markdown_table(["metric", *(c for m in methods for c in (method_name(m), "N"))], rows)


def comparison_table(compared: pd.DataFrame, protocol: str) -> str:
    """Every method's mean difference from one of them with its interval, win rate and p; a row a metric."""
    of_protocol = compared[compared["protocol"] == protocol]
    methods = list(dict.fromkeys(of_protocol["method"]))
    rows = []
    for metric, group in of_protocol.groupby("metric", sort=False):
        cells = group.set_index("method")
        rows.append([f"{metric}", *(_difference(cells.loc[m]) if m in cells.index else "–" for m in methods)])
    return markdown_table(["metric", *map(method_name, methods)], rows)


def _difference(row: pd.Series) -> str:
    difference = number(row["difference"], row["low"], row["high"])
    return f"{difference}, {row['wins']:.0%} of {row['n']}, p {row['p']:.2g}"


def _summary(frame: pd.DataFrame, protocol: str) -> pd.DataFrame:
    return frame[(frame["protocol"] == protocol) & (frame["item"] == SUMMARY)]


def _cell(of_method: pd.DataFrame, metric: str) -> str:
    if metric not in of_method.index:
        return "–"
    row = of_method.loc[metric]
    return number(row["value"], row["low"], row["high"])


def cost_table(records: list[dict[str, Any]]) -> str:
    """Seconds and peak memory a stage, as they were when the items were computed."""
    rows = []
    for record in records:
        kind, _, method = record["stage"].partition("-")
        done = [item for item in record["items"] if item["status"] == "ok"]
        seconds = sum(item["seconds"] for item in done)
        title = STAGE_TITLES[kind] + (f", {method_name(method)}" if method else "")
        peak = max((item["peak_mib"] for item in done), default=0)
        each = seconds / len(done) if done else 0.0
        rows.append([title, f"{len(done)} of {len(record['items'])}", f"{seconds:.1f}", f"{each:.1f}", f"{peak:,}"])
    return markdown_table(["stage", "items", "seconds", "seconds an item", "peak memory, MiB"], rows)


def weights_table(networks: list[Path]) -> str:
    """Where every network's weights come from."""
    rows = []
    for path in networks:
        meta = read_metadata(path)
        package = f"{meta['package']} {meta['version']}"
        rows.append([meta["network"], package, meta["licence"], f"`{meta['sha256'][:16]}`", f"`{meta[DIGEST][:16]}`"])
    return markdown_table(["network", "package", "licence", "archive sha256", "weights sha256"], rows)


def pair_table(pairs: list[Pair]) -> str:
    """The pairs and what is taken from where."""
    regions = list(dict.fromkeys(region for pair in pairs for region in pair.regions))
    rows = [[pair.pair, pair.identity, *(pair.regions.get(region, "") for region in regions)] for pair in pairs]
    return markdown_table(["pair", "identity", *regions], rows)
