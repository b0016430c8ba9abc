"""Stage `report`: the Markdown report, its figures and a flat JSON of the metrics."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from stages.command import Log, Scheme, log_to, run_stage, section
from stages.command import log as logger
from stages.config import methods_with, read_faces, read_pairs
from stages.errors import UserError
from stages.files import sha256_file, write_atomic, write_json
from stages.metrics import table
from stages.records import check_below, read_record
from stages.reporting.figures import reconstruction_figure, transfer_figure
from stages.reporting.names import method_name
from stages.reporting.text import render_report


def flat_metrics(frame: pd.DataFrame) -> dict[str, float]:
    """Summaries as `protocol.method.metric`: value."""
    summary = frame[(frame["item"] == table.SUMMARY) & frame["value"].notna()]
    return {f"{row.protocol}.{row.method}.{row.metric}": row.value for row in summary.itertuples()}


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
    aligned = [f"aligned/{method}" for method in methods_with(params["methods"], "code")]
    stages = ["faces", "maps", "targets", "codes", *aligned, *(f"composites/{method}" for method in methods)]
    read = ["faces", "targets", "reconstructions", *(f"composites/{method}" for method in methods)]
    check_below(data / folder for folder in read)
    records = [read_record(data / "records" / f"{stage}.json") for stage in stages]
    try:
        frame = table.read(metrics)
    except ValueError as error:
        raise UserError(f"{error}; remove it and run again") from error
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
