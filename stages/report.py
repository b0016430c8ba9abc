"""Stage `report`: the Markdown report with its figures, the metrics in flat form, and how a run differs from another.

`python -m stages.report --against DIR` compares this run with an earlier one; without `--against` it is the stage.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, Scheme, as_json, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import check_below, read_chunks, read_record
from stages.errors import UserError
from stages.formats.files import sha256_file
from stages.params.whole import Params
from stages.reporting.against import FOR_THE_WORSE, changes, describe, read_run
from stages.reporting.circular import losses_of
from stages.reporting.cost import seconds_a_pair
from stages.reporting.flat import items_csv, metrics_json, summaries_csv
from stages.reporting.page import page
from stages.reporting.pictures import errors_figure, examples_figure, reconstruction_figure, transfer_figure
from stages.reporting.placing import begin, place
from stages.reporting.plots import distributions, method_against_method, metric_against_seconds
from stages.reporting.ranking import Ranked, full_name, ranked
from stages.reporting.tables import number
from stages.reporting.text import render_report
from stages.reporting.votes import strengths_figure
from stages.settings.config import EXAMPLE_STAGES
from stages.settings.manifests import read_faces, read_pairs
from stages.settings.methods import aligned as aligned_methods
from stages.settings.methods import protocols, reconstruction_folders, recorded_codes
from stages.settings.yaml_files import read_yaml
from stages.statistics import table, votes
from stages.strata.files import read_images, read_pair_strata

PARAMS = Path("params.yaml")  # in the folder of the run


def main(
    params: Annotated[Params, typer.Option(parser=as_json("all"), help="all of params.yaml, as JSON")],
    scheme: Scheme,
    metrics: Annotated[Path, typer.Option(help="metrics.parquet")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="folder of the report")],
    weights: Annotated[list[Path], typer.Argument(help="weights of all networks in use")],
    given: Annotated[list[str] | None, typer.Option(help="what settings came from beside params.yaml")] = None,
    log: Log = None,
) -> None:
    """Write report.md, report.html, figures, metrics.json and CSV files; `--against DIR --help`: compare runs.

    Nothing is written before everything is made, so a report that fails leaves the one before as it was.
    """
    log_to(log)
    begin(out, log)
    images_listed = read_faces(images)
    names = [face.image for face in images_listed]
    listed = {pair.pair: pair for pair in read_pairs(pairs, names)}
    methods, folders = params["methods"], reconstruction_folders(params["methods"])
    start = params["embed"]["start"]
    embedded = [f"codes/{name}" for name in recorded_codes(methods, start)]
    aligned = [f"aligned/{method}" for method in aligned_methods(methods)]
    stages = ["faces", "maps", "targets", *embedded, *aligned, *(f"composites/{method}" for method in methods)]
    read = ["faces", "maps", "strata", "targets", "reconstructions", *(f"composites/{method}" for method in methods)]
    check_below(data / folder for folder in read)
    records = [read_chunks(data / "records" / stage) for stage in stages]
    examples = params["examples"]["kinds"] and read_pairs(data / "examples" / "pairs.csv", names)
    if examples:
        check_below([data / "examples"])
        parts = {part: read_record(data / "records" / "examples" / f"{part}.json") for part in EXAMPLE_STAGES}
        records += [record | {"stage": f"examples-{part}"} for part, record in parts.items()]
    try:
        frame = table.read(metrics)
    except ValueError as error:
        raise UserError(f"{error}; remove it and run again") from error
    options, method = params["report"], params["report"]["method"]
    try:
        answers = votes.read(Path(options["votes"])) if options["votes"] else None
    except (OSError, ValueError) as error:
        raise UserError(f"{error}; export it again, or set report.votes to null") from error

    rank = options["rank"]
    marked = losses_of(params).marked
    rows = [
        (row_label(row, marked(row.metric, rank["transfer"])), listed[row.item])
        for row in ranked(frame, "transfer", options)
    ]
    faces = [
        (row_label(row, marked(row.metric, rank["reconstruction"])), row.item)
        for row in ranked(frame, "reconstruction", options)
    ]
    last = [*(other for other in methods if other != method), method]
    shown = [full_name(frame, "transfer", kind) for kind in options["metrics"]]
    a_pair = seconds_a_pair(records, list(listed.values()), methods, start)["seconds"]
    seconds = {name: a_pair[name] for name in methods if name in a_pair.index}
    codes = list(dict.fromkeys(reversed(folders.values())))
    figures = {
        "transfer": transfer_figure(rows, last, data, scheme),
        "errors": errors_figure(rows, method, list(methods), data, scheme),
        "reconstruction": reconstruction_figure(faces, codes, data),
        "scatter": method_against_method(frame, "transfer", shown, list(methods), options["against"], marked),
        "seconds": metric_against_seconds(frame, "transfer", shown, list(methods), seconds, marked),
    }
    files: dict[str, bytes] = {}
    for protocol in protocols(params):
        figures[f"distributions-{protocol}"] = distributions(frame, protocol, list(methods), marked)
        files[f"plots/items-{protocol}.csv"] = items_csv(frame, protocol)
    if examples:
        figures["examples"] = examples_figure(examples, params["examples"]["method"], data, scheme)
    if answers:
        figures["strengths"] = strengths_figure(answers, list(methods), params["score"]["level"])
    files |= {f"figures/{name}.png": content for name, content in figures.items()}
    files["plots/summaries.csv"] = summaries_csv(frame)
    text = render_report(
        frame, records, images_listed, list(listed.values()), params, weights, sha256_file(metrics),
        written=read_yaml(PARAMS) if PARAMS.is_file() else {}, given=given or [],
        strata=(read_images(data / "strata" / "images.csv"), read_pair_strata(data / "strata" / "pairs.csv")),
        votes=answers,
    )  # fmt: skip
    pages = {"report.md": text.encode(), "report.html": page(text, files)}
    verdict = text.splitlines()[0].removeprefix("# ")
    place(out, files | {"metrics.json": metrics_json(frame)} | pages, verdict=verdict, params=params)
    logger.info("%s: %s", out / "report.md", verdict)


def compare_runs(
    against: Annotated[Path, typer.Option(help="folder of the earlier run, or of its reports")],
    reports: Annotated[Path, typer.Option(help="folder of this run's reports")] = Path("reports"),
    fail: Annotated[
        bool, typer.Option("--fail", help="exit with status 3 if a mean is worse, has fewer items, or is gone")
    ] = False,
) -> None:
    """Print which means moved beyond their interval since an earlier run."""
    found = changes(read_run(against), read_run(reports))
    typer.echo(describe(found))
    if fail and found["what"].isin(FOR_THE_WORSE).any():
        raise typer.Exit(3)


def row_label(row: Ranked, metric: str) -> str:
    """What stands beside a row of a figure."""
    return f"{row.item}\n{row.kind}: {row.rank} of {row.of}\n{metric} {number(row.value)}"


if __name__ == "__main__":
    run_stage(compare_runs if any(word.partition("=")[0] == "--against" for word in sys.argv[1:]) else main)
