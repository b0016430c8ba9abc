"""Stage `score`: the table of every measurement, of the sheets that `stages.measure` made. It needs no network.

Protocols:
    reconstruction: every image against its embedding (paper, Table 1). What is pasted embeds nothing.
    transfer: every pair's composite against what it was made from. It has no ground truth. A composite that is a
        failure (stages/scoring/failures.py) is counted, and has no other row.
    self-transfer (HairFastGAN, 2024): every image given its own hair. Nothing has to move then, so the alignment keeps
        the embedding's F (equation 7 with α∘β = 1), the blend of equal F and S is that F and S whatever the weights,
        and the composite is the embedding's image (tests/scoring/test_self_transfer.py). So it takes its numbers from
        the reconstruction and costs nothing. The official alignment moves every W+, so it has no such row; nor has what
        is pasted, which would be the photo itself.
"""

import json
import logging
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from platform import machine
from typing import Annotated

import pandas as pd
import typer
from loky import cpu_count

from stages import registry
from stages.engine.code import code_digests
from stages.engine.command import Log, Scheme, as_json, log_to, run_stage
from stages.engine.environment import versions
from stages.engine.item_store import Store, fingerprint
from stages.engine.stage_records import check, read_chunks
from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.formats.files import is_failed, sha256
from stages.metrics import SetPart
from stages.params.outputs import ScoreParams
from stages.params.whole import Methods
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.judging import absent_of
from stages.scoring.merging import Drawn, Row, Sets, measure_sets, reconstruction_rows, transfer_rows
from stages.scoring.metric_names import left_out, own_hair, ranges_of, setup_with
from stages.scoring.prepared import Setup
from stages.scoring.sheets import MEASURED, Sheet, Value, read_sheet
from stages.settings.manifests import listed_pairs, read_faces
from stages.settings.methods import reconstruction_folders
from stages.statistics import table

logger = logging.getLogger(__name__)

COLUMNS = ["protocol", "method", *Value._fields, "images"]
SETS = "sets"  # of the item store: what set metrics say


def sheet_paths(data: Path, kind: str, names: Iterable[str]) -> dict[str, Path]:
    """Where the sheets of items are, by item."""
    return {name: data / MEASURED / kind / f"{name}.safetensors" for name in names}


def check_sheets(paths: Sequence[Path]) -> None:
    """Raises UserError if a sheet is not there, or not what `stages.measure` wrote."""
    if gone := [path for path in paths if not path.is_file()]:
        raise UserError(f"{gone[0]}: {len(gone)} sheets are missing, this one first; run again")
    check(paths)


def read_sheets(data: Path, kind: str, names: Sequence[str]) -> dict[str, Sheet | str]:
    """The sheets of some items in `data/measured/KIND`, or why there is none, by item.

    Raises:
        UserError: one is no sheet.
    """
    paths = sheet_paths(data, kind, names)
    noted = read_chunks(data / "records" / MEASURED / kind)["items"]
    reasons = {item["item"]: item["reason"] for item in noted if "reason" in item}
    return {
        name: reasons.get(name, f"{path} is empty") if is_failed(path) else read_sheet(path, name)
        for name, path in paths.items()
    }


def remembered(entry: str, sets: Sets) -> list[SetPart]:
    """As `measure_sets`, from the item store if they were measured: relabelling thousands takes minutes."""
    module = registry.module("metrics", entry)
    used = {name: versions()[name] for name in ("numpy", "scipy")}
    images = canonical([sets.images_x, sets.images_y]).encode()
    parts = {
        "stage": SETS, "params": sets.drawn._asdict(), "code": code_digests(module),
        "environment": {"machine": machine(), "cores": cpu_count(), **used},
        "inputs": {"x": sha256(sets.x.tobytes()), "y": sha256(sets.y.tobytes()), "images": sha256(images)},
    }  # fmt: skip
    store, key = Store(SETS), fingerprint(parts)
    if (stored := store.get(key)) is not None:
        return [SetPart(*part) for part in json.loads(stored.contents["parts"])]
    found = measure_sets(entry, sets)
    store.put(key, {"parts": json.dumps(found).encode()}, {"item": entry, "status": "ok"}, parts)
    return found


def rows_of(
    data: Path,
    images: Sequence[str],
    pairs: Sequence[Pair],
    methods: Methods,
    in_place: Collection[str],
    scheme: LabelScheme,
    setup: Setup,
    drawn: Drawn,
) -> list[Row]:
    """All rows of the table but the summaries of single metrics.

    Args:
        data: folder of the artifacts of all stages.
        images, pairs: names of all images, and all pairs.
        methods: section `methods`.
        in_place: the methods whose composite of an image with its own hair is its embedding.
        scheme: of the label maps.
        setup: what the names of metrics depend on.
        drawn: how the distances of sets by chance are.

    Raises:
        UserError: a sheet or a record is missing or damaged.
    """
    names, folder_of = [pair.pair for pair in pairs], reconstruction_folders(methods)
    folders = list(dict.fromkeys(folder_of.values()))
    of_images = ["images", *(f"reconstructions/{folder}" for folder in folders)]
    of_results = ["pairs", *(f"composites/{method}" for method in methods)]
    wanted = [(kind, images) for kind in of_images] + [(kind, names) for kind in of_results]
    check_sheets([path for kind, items in wanted for path in sheet_paths(data, kind, items).values()])
    faces, of_pairs = read_sheets(data, "images", images), read_sheets(data, "pairs", names)
    embeddings = {folder: read_sheets(data, f"reconstructions/{folder}", images) for folder in folders}
    composites = {method: read_sheets(data, f"composites/{method}", names) for method in methods}
    made = {method: read_chunks(data / "records" / "composites" / method)["items"] for method in methods}
    absent = {method: absent_of(pairs, {item["item"]: item for item in items}) for method, items in made.items()}
    idle = left_out(pairs, scheme, setup)
    return [
        *reconstruction_rows(images, faces, embeddings, folder_of, in_place, own_hair(setup), drawn, remembered),
        *transfer_rows(pairs, faces, of_pairs, composites, absent, idle, drawn, remembered),
    ]


def table_of(rows: Iterable[Row], level: float, ranges: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """The whole table, with a summary of each metric at a level of confidence.

    Of few images an interval may reach beyond what a metric can say; it ends at the metric's range, by its name.
    """
    frame = pd.DataFrame([(row.protocol, row.method, *row.value, row.images) for row in rows], columns=COLUMNS)
    sets = frame[frame["item"] == table.SUMMARY].assign(excluded=0)
    items = table.items_of(frame).assign(excluded=0)
    found = table.summarise(items, level=level)
    summaries = found["item"] == table.SUMMARY
    limits = found.loc[summaries, "metric"].map(lambda metric: ranges.get(metric, (-math.inf, math.inf)))
    found.loc[summaries, "low"] = found.loc[summaries, "low"].clip(lower=limits.str[0])
    found.loc[summaries, "high"] = found.loc[summaries, "high"].clip(upper=limits.str[1])
    return pd.concat([found, sets])


def main(
    params: Annotated[
        ScoreParams, typer.Option(parser=as_json("score"), help="section `score` of params.yaml, as JSON")
    ],
    methods: Annotated[Methods, typer.Option(parser=as_json("methods"), help="section `methods`, as JSON")],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="metrics.parquet to write")],
    judge: Annotated[list[str], typer.Option(help="a perceptual network that measures, by name; in their order")],
    parser: Annotated[str, typer.Option(help="the face parser, by name")],
    in_place: Annotated[list[str] | None, typer.Option(help="method whose self-transfer is its embedding")] = None,
    judge_parser: Annotated[list[str] | None, typer.Option(help="a parser that judges beside the run's own")] = None,
    log: Log = None,
) -> None:
    """Make the table of what was measured: reconstruction, self-transfer and transfer of every method."""
    log_to(log)
    names = [face.image for face in read_faces(images)]
    setup = setup_with(params, judge, parser, judge_parser or [])
    drawn = Drawn(params["permutations"], params["seed"])
    listed = list(listed_pairs(pairs, images).values())
    rows = rows_of(data, names, listed, methods, in_place or [], scheme, setup, drawn)
    table.write(table_of(rows, params["level"], ranges_of(setup)), out)
    logger.info("%d rows in %s", len(rows), out)


if __name__ == "__main__":
    run_stage(main)
