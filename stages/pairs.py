"""Stage `pairs`: choose pairs for variety of hair, or check the user's own list."""

from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, Scheme, as_json, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import check, write_record
from stages.errors import UserError
from stages.formats.files import is_failed, write_atomic
from stages.formats.label_maps import read_label_map
from stages.params.faces_to_targets import PairsParams
from stages.regions.pair import as_table
from stages.regions.variety import choose_pairs
from stages.settings.manifests import csv_bytes, pair_names, read_faces, read_pairs


def main(
    params: Annotated[
        PairsParams, typer.Option(parser=as_json("pairs"), help="section `pairs` of params.yaml, as JSON")
    ],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    out: Annotated[Path, typer.Option(help="pairs.csv to write")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Write pairs.csv: the user's list by the names of images, or pairs (identity, hair) chosen by a seed."""
    log_to(log)
    faces = read_faces(images)
    record.unlink(missing_ok=True)  # it would accuse what is written from here on
    names = [face.image for face in faces]
    if params["file"] is not None:
        path = Path(params["file"])
        pairs = read_pairs(path, {face.image: face.source for face in faces})
        write_atomic(out, csv_bytes(*as_table(pairs)))
        write_record(record, "pairs", [out])
        logger.info("%d pairs from %s", len(pairs), path)
        return
    check(maps / f"{name}.png" for name in names)
    # An image that failed cannot be part of a pair; the report names it.
    usable = {name: maps / f"{name}.png" for name in names if not is_failed(maps / f"{name}.png")}
    labels = {name: read_label_map(path, scheme) for name, path in usable.items()}
    try:
        chosen = choose_pairs(labels, params["count"], scheme, params["seed"])
    except ValueError as error:
        raise UserError(f"pairs.count: {error}; lower it or add faces") from error
    rows = [(name, *pair) for name, pair in zip(pair_names(params["count"]), chosen, strict=True)]
    write_atomic(out, csv_bytes(["pair", "identity", "hair"], rows))
    write_record(record, "pairs", [out])
    logger.info("%d pairs chosen of %d images", len(rows), len(usable))


if __name__ == "__main__":
    run_stage(main)
