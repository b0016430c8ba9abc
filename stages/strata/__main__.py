"""Stage `strata`: what makes images and pairs hard, as data/strata/images.csv and data/strata/pairs.csv.

`python -m stages.strata` measures the images, with `--table` it writes the table of all of them; with `--pairs` it
measures the pairs by what was found of their images.
"""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, Names, Scheme, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.items import Item, Result, run_items
from stages.engine.stage_records import check, read_chunks, withdraw, write_record
from stages.errors import ItemError
from stages.formats.files import write_atomic
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.settings.manifests import listed_pairs, read_faces
from stages.strata.files import NO_FACE, face_bytes, image_table, pair_table, read_face, read_images, table_bytes
from stages.strata.measures import measure


def measure_images(
    scheme: Scheme,
    names: Names,
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    landmarks: Annotated[Path, typer.Option(help="weights of dlib's predictor of landmarks")],
    out: Annotated[Path, typer.Option(help="folder of the landmarks and values, a JSON file an image")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Measure pose, hair, sharpness and tone of every image; `--pairs PAIRS --help`: of the pairs."""
    from stages.nets.dlib_faces import load_landmarks  # torch, which the tables need not wait for
    from stages.photos.search import find_face

    log_to(log)
    items = [
        Item(name, {"face": faces / f"{name}.png", "map": maps / f"{name}.png"}, {"values": out / f"{name}.json"})
        for name in sorted(names)
    ]
    predictor = cache(lambda: load_landmarks(landmarks))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        pixels = read_rgb(item.inputs["face"])
        found = find_face(pixels, predictor())
        points = None if found is None else found.landmarks
        values = measure(pixels, read_label_map(item.inputs["map"], scheme), scheme, points)
        warnings = [f"has {NO_FACE} by dlib; its pose is unknown"] if points is None else []
        return [Result({"values": face_bytes(values, points)}, {"warnings": warnings})]

    params = {"scheme": scheme.name}
    run_items("strata", ["stages.strata.__main__"], items, params, {"landmarks": landmarks}, compute, record)


def write_image_table(
    images: Annotated[Path, typer.Option(help="images.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the landmarks and values of the images")],
    face_records: Annotated[Path, typer.Option(help="folder of the records of the faces: their size in their photos")],
    table: Annotated[Path, typer.Option(help="strata/images.csv to write")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Write pose, hair, sharpness, tone and size of all images in one table."""
    log_to(log)
    paths = {face.image: faces / f"{face.image}.json" for face in read_faces(images)}
    check(paths.values())
    withdraw(record)
    squares = {item["item"]: float(item["px"]) for item in read_chunks(face_records)["items"] if "px" in item}
    write_atomic(table, table_bytes(image_table({name: read_face(path) for name, path in paths.items()}, squares)))
    write_record(record, "strata_images", [table])
    logger.info("%d images", len(paths))


def measure_pairs(
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the landmarks and values of the images")],
    strata: Annotated[Path, typer.Option(help="strata/images.csv")],
    table: Annotated[Path, typer.Option(help="strata/pairs.csv to write")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Write the yaw gap, landmark distance and difficulty of every pair."""
    log_to(log)
    listed = listed_pairs(pairs, images)
    paths = {image: faces / f"{image}.json" for pair in listed.values() for image in pair.images}
    check([strata, *paths.values()])
    withdraw(record)
    known = {image: read_face(path) for image, path in paths.items()}
    points = {image: None if face is None else face[1] for image, face in known.items()}
    found = pair_table(list(listed.values()), read_images(strata), points)
    write_atomic(table, table_bytes(found))
    write_record(record, "strata_pairs", [table])
    for _, row in found[found["note"] != ""].iterrows():
        logger.warning("%s: %s; its pair has no yaw gap and no difficulty", row["pair"], row["note"])
    logger.info("%d pairs, %d over 15° of yaw apart", len(found), (found["pose_different"] == "yes").sum())


if __name__ == "__main__":
    options = {word.partition("=")[0] for word in sys.argv[1:]}
    run_stage(measure_pairs if "--pairs" in options else write_image_table if "--table" in options else measure_images)
