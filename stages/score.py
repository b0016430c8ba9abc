"""Stage `score`: every measurement, as one long table.

Protocols:
    reconstruction: every image against its embedding (paper, Table 1). What is pasted embeds nothing.
    transfer: every pair's composite against what it was made from. It has no ground truth. A composite that is a
        failure (stages/scoring/failures.py) is counted and not measured.
    self-transfer (HairFastGAN, 2024): every image given its own hair. Nothing has to move then, so the alignment keeps
        the embedding's F (equation 7 with α∘β = 1), the blend of equal F and S is that F and S whatever the weights,
        and the composite is the embedding's image (tests/scoring/test_self_transfer.py). So it takes its numbers from
        the reconstruction and costs nothing. The official alignment moves every W+, so it has no such row; nor has what
        is pasted, which would be the photo itself.
"""

import logging
from itertools import chain
from pathlib import Path
from typing import Annotated

import pandas as pd
import torch
import typer

from stages.engine.command import TF32, Log, as_json, log_to, run_stage
from stages.engine.stage_records import check_below, read_record
from stages.nets.device import choose_device
from stages.params.outputs import ScoreParams
from stages.params.whole import Methods
from stages.scoring.bench import Bench, Value
from stages.scoring.judges import load_judges
from stages.scoring.judging import Given, failure_values, judge_all
from stages.scoring.protocols import score_reconstruction, score_transfer
from stages.settings.manifests import read_faces, read_pairs
from stages.settings.methods import reconstruction_folders
from stages.statistics import table
from stages.statistics.images import joined

logger = logging.getLogger(__name__)

COLUMNS = ["protocol", "method", *Value._fields, "images"]


def row(protocol: str, method: str, measured: Value, images: str) -> dict[str, object]:
    """A row of the table; `images` are those that the item is made from."""
    return {"protocol": protocol, "method": method, **measured._asdict(), "images": images}


def main(
    params: Annotated[
        ScoreParams, typer.Option(parser=as_json("score"), help="section `score` of params.yaml, as JSON")
    ],
    methods: Annotated[Methods, typer.Option(parser=as_json("methods"), help="section `methods`, as JSON")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="metrics.parquet to write")],
    judge: Annotated[list[str], typer.Option(help="a perceptual network that measures, by name; in their order")],
    weights: Annotated[list[Path], typer.Argument(help="weights of these, of the face parser, and of the metrics")],
    in_place: Annotated[list[str] | None, typer.Option(help="method whose self-transfer is its embedding")] = None,
    judge_parser: Annotated[list[str] | None, typer.Option(help="a parser that judges beside the run's own")] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Measure reconstruction, self-transfer and transfer of every method."""
    log_to(log)
    names = [face.image for face in read_faces(images)]
    faces = {name: data / "faces" / f"{name}.png" for name in names}
    listed = read_pairs(pairs, names)
    read = ["faces", "maps", "targets", "reconstructions", *(f"composites/{method}" for method in methods)]
    check_below(data / folder for folder in read)
    bench = Bench(load_judges(params, judge, judge_parser or [], weights, choose_device(tf32)), listed)
    own_hair = bench.named("self-transfer")  # as HairFastGAN gives it
    options = {key: params[key] for key in ("permutations", "seed")}
    folder_of = reconstruction_folders(methods)
    renders = {folder: data / "reconstructions" / folder for folder in dict.fromkeys(folder_of.values())}
    composites = {method: data / "composites" / method for method in methods}
    records = {method: read_record(data / "records" / "composites" / f"{method}.json") for method in methods}
    rows: list[dict[str, object]] = []
    with torch.no_grad():
        logger.info("reconstruction of %d images by %s", len(names), ", ".join(renders) or "nothing")
        for folder, value in score_reconstruction(bench, faces, renders, **options):
            of_folder = [method for method in folder_of if folder_of[method] == folder]
            image = "" if value.item == table.SUMMARY else value.item
            rows += [row("reconstruction", method, value, image) for method in of_folder]
            if value.metric in own_hair:
                own = [method for method in of_folder if method in (in_place or [])]
                rows += [row("self-transfer", method, value, image) for method in own]
        logger.info("transfer of %d pairs by %s", len(listed), ", ".join(methods))
        given = Given(faces, data / "maps", data / "targets")
        images_of = {pair.pair: joined(pair.images) for pair in listed}
        judged = judge_all(listed, given, composites, records, bench.judges.parser.scheme)
        measured = score_transfer(bench, listed, given, composites, judged, **options)
        failures = ((method, value) for method in methods for value in failure_values(judged[method], listed))
        for method, value in chain(measured, failures):
            rows.append(row("transfer", method, value, images_of.get(value.item, "")))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    sets = frame[frame["item"] == table.SUMMARY].assign(excluded=0)
    items = table.items_of(frame).assign(excluded=0)
    table.write(pd.concat([table.summarise(items, level=params["level"]), sets]), out)
    logger.info("%d rows in %s", len(frame), out)


if __name__ == "__main__":
    run_stage(main)
