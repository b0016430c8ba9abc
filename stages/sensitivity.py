"""`python -m stages.sensitivity`: whether the ranking of a finished run's methods survives other ways of measuring.

It measures the results anew, one change at a time: results saved as JPEG, other sizes, another filter, larger masks.
Other judges and halves of the pairs follow from what is measured already. It writes `sensitivity.md` and all numbers as
`sensitivity.parquet` beside the run's report, and prints the former.
"""

import io
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import pandas as pd
import torch
import typer
from tqdm import tqdm

from stages import registry
from stages.engine.command import TF32, Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.progress import PLAIN_LINE_SECONDS
from stages.engine.stage_records import check_below, read_record
from stages.errors import UserError
from stages.formats.files import write_atomic
from stages.formats.images import FACE_SIZE
from stages.metrics import MapMetric
from stages.nets.device import choose_device
from stages.params.outputs import ScoreParams
from stages.params.whole import Params
from stages.regions.pair import Pair
from stages.reporting.circular import losses_of
from stages.reporting.placing import RECORD
from stages.reporting.sensitivity import COLUMNS, orders_of, sensitivity_text
from stages.scoring.judges import load_judges
from stages.scoring.judging import Given
from stages.scoring.metric_names import named_by_parser, setup_of
from stages.scoring.prepared import Setup
from stages.scoring.variants import (
    DEFAULT,
    Benches,
    Variant,
    check_metrics,
    score_variants,
    short,
    variants,
)
from stages.settings.manifests import listed_pairs, read_faces
from stages.statistics import table
from stages.statistics.names import FAILURE
from stages.statistics.table import items_of

METRICS = ["kept PSNR", "kept SSIM", "taken ST-LPIPS-Alex"]  # they take a second or so a result and variant


def read_run(reports: Path) -> tuple[Params, pd.DataFrame]:
    """The parameters of a finished run and the rows of its transfers.

    Raises:
        UserError: there is no finished run.
    """
    if not (reports / RECORD).is_file():
        raise UserError(f"{reports}: no finished run, {RECORD} is not there; type `snakemake` first")
    try:
        frame = items_of(table.read(reports / "metrics.parquet"))
    except (OSError, ValueError) as error:
        raise UserError(f"{error}; type `snakemake` first") from error
    record = cast("dict[str, Params]", read_record(reports / RECORD))
    return record["params"], frame[frame["protocol"] == "transfer"]


def common_pairs(frame: pd.DataFrame) -> list[str]:
    """The pairs of which every method has a result that is no failure, in the order of the table.

    Raises:
        UserError: there is none.
    """
    judged = frame[frame["metric"] == FAILURE]
    bad = set(judged.loc[(judged["value"] == 1) | (judged["note"] != ""), "item"])
    if pairs := [pair for pair in judged["item"].unique() if pair not in bad]:
        return pairs
    raise UserError("there is no pair in which no method failed; the report's section on failures names them")


def check_there(pairs: Sequence[Pair], given: Given, composites: Mapping[str, Path]) -> None:
    """Raises UserError if a file that is measured is not there any more: a run's folders may have been thinned out."""
    names = dict.fromkeys(image for pair in pairs for image in pair.references)
    files = [file for name in names for file in (given.faces[name], given.maps / f"{name}.png")]
    folders = [given.targets, *composites.values()]
    files += [folder / f"{pair.pair}.png" for pair in pairs for folder in folders]
    if gone := [file for file in files if not file.is_file()]:
        raise UserError(
            f"{gone[0]}: {len(gone)} files of the run are not there, this one first; type `snakemake` first"
        )


def of_other_judges(frame: pd.DataFrame, wanted: list[str], setup: Setup, pairs: list[str]) -> pd.DataFrame:
    """The table's values by the other judges, for each wanted metric that is a judge's; the columns COLUMNS."""
    parts = [pd.DataFrame(columns=COLUMNS)]
    for metric in wanted:
        view, _, judge = metric.partition(" ")
        for other in setup.judges if judge in setup.judges else ():
            name = f"{view} {other}@{setup.size}"
            rows = frame[(frame["metric"] == name) & frame["item"].isin(pairs)]
            if other != judge and len(rows):
                labels = {"metric": metric, "variant": f"judge {other}", "axis": "judge", "measured": name}
                parts.append(rows.assign(**labels)[COLUMNS])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def of_other_parsers(frame: pd.DataFrame, setup: Setup, pairs: list[str]) -> pd.DataFrame:
    """The table's agreement with the target map by the run's own parser and by each other that judges; COLUMNS.

    Empty if no other parser judges (`networks.judge_parsers`).
    """
    parts = [pd.DataFrame(columns=COLUMNS)]
    of = registry.entries("metrics").values() if setup.judge_parsers else ()
    for named in (named_by_parser(metric, setup) for metric in of if isinstance(metric, MapMetric)):
        for k, own in enumerate(named[setup.parser]):
            for parser, names in named.items():
                rows = frame[(frame["metric"] == f"taken {names[k]}") & frame["item"].isin(pairs)]
                variant, axis = (DEFAULT, DEFAULT) if parser == setup.parser else (f"judge {parser}", "judge")
                labels = {"metric": f"taken {short(own)}", "variant": variant, "axis": axis}
                parts.append(rows.assign(measured=rows["metric"]).assign(**labels)[COLUMNS])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def largest_difference(numbers: pd.DataFrame, frame: pd.DataFrame) -> float:
    """By how much the default's values differ at most from the table's; equal infinite ones do not, nor two missing."""
    default = numbers[numbers["variant"] == DEFAULT].set_index(["method", "item", "measured"])["value"]
    told = frame.set_index(["method", "item", "metric"])["value"].reindex(default.index)
    same = (default == told) | (default.isna() & told.isna())
    differences = (default - told).abs().where(~same, 0.0)
    return float(differences.fillna(np.inf).max())


class Steps:
    """Says how far the work is: a bar on a terminal, else a line now and then with the time left."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done, self.started = steps, 0, time.monotonic()
        self.said = self.started
        self.bar = tqdm(total=steps, desc="results measured", leave=False, disable=not sys.stderr.isatty())

    def __call__(self, way: Variant) -> None:
        self.done += 1
        self.bar.update()
        now = time.monotonic()
        if self.bar.disable and (self.done == self.steps or now - self.said > PLAIN_LINE_SECONDS):
            left = (now - self.started) / self.done * (self.steps - self.done)
            logger.info("%d of %d measured, now %s, %.0f s left", self.done, self.steps, way.name, left)
            self.said = now


def main(
    metric: Annotated[
        list[str], typer.Option(help="a metric of two images, without its size; repeat for more")
    ] = METRICS,
    splits: Annotated[int, typer.Option(min=0, help="how many times the pairs are divided into halves")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="seed of the halves")] = 0,
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="folder of the run's report; the two files are written there")] = Path(
        "reports"
    ),
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Measure a finished run's results in other ways, and say which order of methods survives everywhere."""
    log_to(log)
    params, frame = read_run(reports)
    setup, methods, networks = setup_of(params), list(params["methods"]), params["networks"]
    wanted = list(dict.fromkeys(metric))
    check_metrics(wanted, setup)
    common = common_pairs(frame)
    listed = listed_pairs(data / "pairs.csv", data / "images.csv")
    if gone := [pair for pair in common if pair not in listed]:
        raise UserError(f"{data / 'pairs.csv'}: {gone[0]} of the run's table is not there; type `snakemake` first")
    check_below(data / part for part in ["faces", "maps", "targets", *(f"composites/{method}" for method in methods)])
    pairs = [listed[pair] for pair in common]
    given = Given(
        {face.image: data / "faces" / f"{face.image}.png" for face in read_faces(data / "images.csv")},
        data / "maps",
        data / "targets",
    )
    composites = {method: data / "composites" / method for method in methods}
    check_there(pairs, given, composites)
    plain = cast("ScoreParams", {**params["score"], "inception": None, "clip": [], "arcface": None})
    names = dict.fromkeys([*networks["judges"], networks["parser"]])
    weights = [data / "weights" / f"{name}.safetensors" for name in names]
    benches = Benches(load_judges(plain, networks["judges"], [], weights, choose_device(tf32)), wanted)
    ways = variants(setup.size, FACE_SIZE)
    step = Steps(len(common) * len(ways) * len(methods))
    rows = []
    with torch.no_grad():
        for way, method, values in score_variants(benches, pairs, given, composites, ways):
            for v in values:
                kind = short(v.metric)
                rows.append((kind, way.name, way.axis, method, v.item, v.metric, v.value, v.direction, v.note))
            step(way)
    measured = pd.DataFrame(rows, columns=COLUMNS)
    parts = [measured, of_other_judges(frame, wanted, setup, common), of_other_parsers(frame, setup, common)]
    numbers = pd.concat([part for part in parts if len(part)], ignore_index=True)
    found = orders_of(numbers, methods, common, splits, seed)
    difference = largest_difference(numbers, frame)
    text = sensitivity_text(numbers, found, methods, common, frame["item"].nunique(), difference, losses_of(params))
    buffer = io.BytesIO()
    numbers.to_parquet(buffer)
    write_atomic(reports / "sensitivity.parquet", buffer.getvalue())
    write_atomic(reports / "sensitivity.md", text.encode())
    typer.echo(text)
    logger.info("%s", reports / "sensitivity.md")


if __name__ == "__main__":
    run_stage(main)
