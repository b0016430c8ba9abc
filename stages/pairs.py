"""Stage `pairs`: choose pairs by the strategy in params.yaml, or check the user's own list, and say what was chosen of.

Beside pairs.csv it writes a manifest: the strategy, its version and seed, and the digests of the images in the pairs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stages.engine.command import Log, Scheme, as_json, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import check, withdraw, write_record
from stages.errors import UserError
from stages.formats.files import is_failed, sha256, sha256_file, write_atomic, write_json
from stages.formats.label_maps import read_label_map
from stages.params.faces_to_targets import PairsParams
from stages.regions.donors import taking
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, as_table
from stages.regions.variety import candidates, choose_pairs
from stages.settings.manifests import csv_bytes, pair_names, read_faces, read_pairs
from stages.strata.files import read_images
from stages.strata.sampling import VERSION, choose_at_random, choose_by_pose, choose_hard


def main(
    params: Annotated[
        PairsParams, typer.Option(parser=as_json("pairs"), help="section `pairs` of params.yaml, as JSON")
    ],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    out: Annotated[Path, typer.Option(help="pairs.csv to write")],
    manifest: Annotated[Path, typer.Option(help="pairs.json to write: how the pairs were chosen, and of which images")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    strata: Annotated[Path | None, typer.Option(help="strata/images.csv; the strategies pose and hard read it")] = None,
    log: Log = None,
) -> None:
    """Write pairs.csv: the user's list by the names of images, or pairs (identity, hair) chosen by a seed."""
    log_to(log)
    listed = read_faces(images)
    withdraw(record)
    names = [face.image for face in listed]
    how: dict[str, object]
    if params["file"] is not None:
        path = Path(params["file"])
        pairs = read_pairs(path, {face.image: face.source for face in listed})
        how = {"strategy": "list", "file": path.name, "file_sha256": sha256_file(path)}
        logger.info("%d pairs from %s", len(pairs), path)
    else:
        check(maps / f"{name}.png" for name in names)
        # An image that failed cannot be part of a pair; the report names it.
        usable = {name: maps / f"{name}.png" for name in names if not is_failed(maps / f"{name}.png")}
        labels = {name: read_label_map(path, scheme) for name, path in usable.items()}
        chosen, bins = _chosen(params, labels, scheme, strata)
        pairs = [
            Pair(name, identity, {"hair": hair})
            for name, (identity, hair) in zip(pair_names(params["count"]), chosen, strict=True)
        ]
        try:
            donors = candidates(labels, params["count"], scheme)[1]
            pairs = taking(pairs, params["take"], donors, params["seed"])
        except ValueError as error:
            raise UserError(f"pairs.take: {error}; add faces") from error
        how = {key: params[key] for key in ("strategy", "take", "count", "seed")} | {"version": VERSION} | bins
        logger.info("%d pairs chosen of %d images", len(pairs), len(usable))
    content = csv_bytes(*as_table(pairs))
    used = sorted({image for pair in pairs for image in pair.images})
    digests = check(faces / f"{image}.png" for image in used)
    write_atomic(out, content)
    write_json(
        manifest,
        how | {"pairs_sha256": sha256(content), "images": {image: digests[faces / f"{image}.png"] for image in used}},
    )
    write_record(record, "pairs", [out, manifest])


def _chosen(
    params: PairsParams, labels: Mapping[str, np.ndarray], scheme: LabelScheme, strata: Path | None
) -> tuple[list[tuple[str, str]], dict[str, object]]:
    """The pairs, and what the manifest says beside the parameters."""
    count, seed = params["count"], params["seed"]
    try:
        if params["strategy"] == "variety":
            return choose_pairs(labels, count, scheme, seed), {}
        if params["strategy"] == "random":
            return choose_at_random(labels, count, scheme, seed), {}
        if strata is None:
            raise UserError(f"pairs.strategy: {params['strategy']} needs the strata of the images; give --strata")
        check([strata])
        table = read_images(strata)
        if params["strategy"] == "hard":
            pairs, rules = choose_hard(labels, table, count, scheme, seed)
            logger.info("hard pairs: %s", ", ".join(f"{number} by {rule}" for rule, number in rules.items()))
            return pairs, {"hard_by": rules}
        yaw = dict(zip(table["image"], table["yaw"], strict=True))
        if lost := [name for name in labels if not yaw.get(name, float("nan")) < float("inf")]:
            logger.warning("no pose is known of %s: in no pair", ", ".join(lost))
        drawn = choose_by_pose(labels, yaw, count, scheme, seed)
    except ValueError as error:
        raise UserError(f"pairs.count: {error}; lower it or add faces") from error
    logger.info("gaps of yaw: as many up to %.1f°, up to %.1f° and beyond", *drawn.ends)
    return drawn.pairs, {"yaw_gap_ends": list(drawn.ends)}


if __name__ == "__main__":
    run_stage(main)
