"""Stage `report`: the Markdown report, its figures and a flat JSON of the metrics."""

import subprocess
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from stages.command import Log, Scheme, log_to, run_stage, section
from stages.command import log as logger
from stages.config import canonical, methods_with, read_faces, read_pairs
from stages.figures import reconstruction_figure, transfer_figure
from stages.files import read_json, sha256_file, write_atomic, write_json
from stages.metrics import table
from stages.metrics.comparison import compare, smallest_p
from stages.metrics.published import published
from stages.nets.weights import DIGEST, read_metadata
from stages.regions.pair import Pair

METHOD_NAMES = {
    "barbershop": "Barbershop", "baseline": "Baseline", "copy_paste": "Copy-paste", "poisson": "Poisson",
}  # fmt: skip
PAPER_METHODS = ["Baseline", "LOHO", "MichiGAN", "Barbershop"]
PAPER_METRICS = {"RMSE": "↓", "PSNR": "↑", "SSIM": "↑", "VGG": "↓", "LPIPS": "↓", "FID": "↓"}
ARROWS = {"higher": "↑", "lower": "↓"}
STAGE_TITLES = {
    "faces": "faces", "maps": "label maps", "targets": "target maps", "codes": "embedding",
    "aligned": "alignment", "composites": "blending",
}  # fmt: skip


def failures(records: list[dict[str, Any]]) -> list[str]:
    """A line for every item that could not be computed."""
    return [
        f"{record['stage']}: **{item['item']}**: {item['reason']}"
        for record in records
        for item in record["items"]
        if item["status"] != "ok"
    ]


def incomplete(frame: pd.DataFrame, methods: dict[str, list[str]], images: int, pairs: int) -> list[str]:
    """A line for every summary that is missing, does not cover all images or pairs, or has values not finite.

    `methods` are those that each protocol must have.
    """
    summary = frame[frame["item"] == table.SUMMARY]
    lines = []
    for protocol, expected_methods in methods.items():
        of_protocol = summary[summary["protocol"] == protocol]
        for method in expected_methods:
            missing = set(of_protocol["metric"]) - set(of_protocol[of_protocol["method"] == method]["metric"])
            if missing or of_protocol.empty:
                lines.append(f"{protocol}, {method}: {', '.join(sorted(missing)) or 'everything'} is missing")
    for row in summary.itertuples():
        expected = images if row.protocol == "reconstruction" else pairs
        if row.n != expected or row.excluded:
            counted = f"{row.n} of {expected}" + (f", {row.excluded} not finite" if row.excluded else "")
            lines.append(f"{row.protocol}, {row.method}, {row.metric}: {counted}")
    return lines


def method_name(method: str) -> str:
    """How a method of params.yaml is called in the report."""
    return METHOD_NAMES.get(method, method)


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
    return frame[(frame["protocol"] == protocol) & (frame["item"] == table.SUMMARY)]


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


def commit() -> str:
    """The commit that is checked out, marked if files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True
    )
    return described.stdout.strip() or "not in a git repository"


def flat_metrics(frame: pd.DataFrame) -> dict[str, float]:
    """Summaries as `protocol.method.metric`: value."""
    summary = frame[(frame["item"] == table.SUMMARY) & frame["value"].notna()]
    return {f"{row.protocol}.{row.method}.{row.metric}": row.value for row in summary.itertuples()}


def pair_table(pairs: list[Pair]) -> str:
    """The pairs and what is taken from where."""
    regions = list(dict.fromkeys(region for pair in pairs for region in pair.regions))
    rows = [[pair.pair, pair.identity, *(pair.regions.get(region, "") for region in regions)] for pair in pairs]
    return markdown_table(["pair", "identity", *regions], rows)


def render_report(
    frame: pd.DataFrame, records: list[dict[str, Any]], images: int, pairs: list[Pair], params: dict[str, Any],
    weights: list[Path], metrics_sha256: str,
) -> str:  # fmt: skip
    """The report as Markdown; every number in it comes from the table or the records."""
    methods = list(params["methods"])
    embedding = methods_with(params["methods"], "code")
    expected = {"reconstruction": embedding, "transfer": methods}
    failed, missing = failures(records), incomplete(frame, expected, images, len(pairs))
    verdict = "INVALID" if failed or missing else "VALID"
    chosen = (
        f"the list `{params['pairs']['file']}`" if params["pairs"]["file"]
        else f"a seeded sampler for variety of hair (seed {params['pairs']['seed']}); the paper's list is unpublished"
    )  # fmt: skip
    against = params["report"]["against"]
    options = {key: params["score"][key] for key in ("level", "resamples", "seed")}
    compared = compare(frame, against, **options)
    comparisons = "\n\n".join(
        f"### {protocol.capitalize()}\n\n{comparison_table(compared, protocol)}"
        for protocol in dict.fromkeys(compared["protocol"])
    )
    problems = ""
    if failed:
        problems += f"\n{len(failed)} items failed:\n\n" + "".join(f"- {line}\n" for line in failed)
    if missing:
        problems += "\nSummaries that do not cover everything:\n\n" + "".join(f"- {line}\n" for line in missing)
    return f"""# Barbershop, evaluated: {verdict}

{images} images, {len(pairs)} pairs, {len(failed)} failed items.
{problems}
## Transfer

![identity, hair, target map and composites](figures/transfer.png)

The first {min(params["report"]["rows"], len(pairs))} of {len(pairs)} pairs in the order of the list; none was chosen by
hand. The pairs are ours: {chosen}.

{transfer_table(frame, methods)}

*kept*: the composite against the identity, outside what is taken. *taken*: against the reference, inside what is taken
from it both in its own map and in the target; IoU is between the composite's own label map and the target map.
Fréchet distances are between the pairs' sources and the composites.

## Reconstruction

![images and their embeddings](figures/reconstruction.png)

Every image against its embedding, as in the paper's Table 1. Published rows are the paper's own, on its own 120 images
and networks: they show what to expect of those, and cannot be compared digit by digit with what is measured here.

{reconstruction_table(frame, embedding)}

Means over N images at {params["score"]["size"]} px with {params["score"]["level"]:.0%} BCa bootstrap intervals
({params["score"]["resamples"]:,} resamples). ST-LPIPS is shift-tolerant LPIPS (ECCV 2022). *Fréchet* is the distance
of that name on pooled features of the network it names: not FID, whose network needs weights that are not in a package
(`score.inception`). A Fréchet distance at a small N is mostly bias: compare it at the same N only.

## Against {method_name(against)}

{comparisons}

Mean of a method's value less that of {method_name(against)} on the same items, with its paired
{params["score"]["level"]:.0%} BCa bootstrap interval; the share of items on which the method is the better one (a tie
is half a win); p of the two-sided Wilcoxon signed-rank test, corrected by Holm for the {len(compared)} tests of this
section. {len(pairs)} pairs cannot give a p below {smallest_p(len(pairs)):.2g} before the correction.

## Cost

{cost_table(records)}

Seconds and memory as measured when the items were computed; items from the store keep theirs.

## Provenance

- commit: `{commit()}`
- seeds: faces {params["faces"]["drawn"]["seed"]}, pairs {params["pairs"]["seed"]}, bootstrap {params["score"]["seed"]}
- metrics.parquet: sha256 `{metrics_sha256}`

{weights_table(weights)}

<details><summary>Pairs</summary>

{pair_table(pairs)}

</details>

<details><summary>Parameters</summary>

```json
{canonical(params)}
```

</details>
"""


def main(
    params: Annotated[Any, typer.Option(parser=section("all"), help="all of params.yaml, as JSON")],
    scheme: Scheme,
    metrics: Annotated[Path, typer.Option(help="metrics.parquet")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="folder of the report")],
    weights: Annotated[list[Path], typer.Argument(help="weights of all networks in use")],
    log: Log = None,
) -> None:
    """Write report.md, its figures and metrics.json."""
    log_to(log)
    names = [face.image for face in read_faces(images)]
    listed = read_pairs(pairs, names)
    methods = list(params["methods"])
    aligned = [f"aligned-{method}" for method in methods_with(params["methods"], "code")]
    stages = ["faces", "maps", "targets", "codes", *aligned, *(f"composites-{method}" for method in methods)]
    records = [read_json(data / "records" / f"{stage}.json") for stage in stages]
    frame = table.read(metrics)
    rows = params["report"]["rows"]
    figures = out / "figures"
    write_atomic(figures / "transfer.png", transfer_figure(listed[:rows], methods, data, scheme, method_name))
    write_atomic(figures / "reconstruction.png", reconstruction_figure(names[:rows], data))
    write_json(out / "metrics.json", flat_metrics(frame))
    text = render_report(frame, records, len(names), listed, params, weights, sha256_file(metrics))
    write_atomic(out / "report.md", text.encode())
    logger.info("%s: %s", out / "report.md", text.splitlines()[0].removeprefix("# "))


if __name__ == "__main__":
    run_stage(main)
