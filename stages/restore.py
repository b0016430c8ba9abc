"""`python -m stages.restore`: composites of a finished run brought back into the photos of their identities.

    python -m stages.restore --method barbershop --out restored/barbershop

Each is a PNG of the photo's own size, upright, named after its pair. What the pair leaves as it is, is the photo, pixel
by pixel; the rest is the composite, turned and enlarged as the face was when it was cut out (`square` in the records of
the stage `faces`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple, cast

import numpy as np
import typer
from PIL import Image

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import ItemRecord, check, read_chunks, read_record
from stages.errors import ItemError, UserError
from stages.formats.files import is_failed, write_atomic
from stages.formats.images import FACE_SIZE, at_face_size, png_bytes, read_image, read_rgb
from stages.formats.label_maps import read_label_map
from stages.methods.restored import RestoredParams
from stages.params.whole import Params
from stages.photos.crop import Crop, aligned
from stages.photos.way_back import Window, cut_share
from stages.regions.labels import SCHEMES
from stages.regions.pair import Pair
from stages.regions.restoring import opacity, restored, unchanged, within
from stages.reporting.placing import RECORD
from stages.settings.config import scheme_name
from stages.settings.manifests import listed_pairs, read_faces
from stages.settings.photos import DRAWN, SAMPLED, sample_photo
from stages.settings.problems import check_unused, quoted, safe
from stages.settings.words import meant

SAME = 1.0  # grey levels of 255, mean: the same crop by another version of OpenCV is nearer than that


class Restored(NamedTuple):
    """A composite in its photo, uint8 (H, W, 3), and at what share of the square's edge it is cut (`cut_share`)."""

    image: np.ndarray
    cut: float


def bring_back(
    photo: np.ndarray, crop: Crop, composite: np.ndarray, kept: np.ndarray, params: RestoredParams
) -> Restored:
    """Put a composite into the photo that its identity's face was cut out of.

    Args:
        photo: uint8 (H, W, 3).
        crop: where the face was cut out.
        composite: uint8 (N, N, 3).
        kept: bool (n, n), where the photo stays as it is.
        params: section `restored`, px of a square of 1024 px.

    Raises:
        ItemError: the photo shows nothing of the square.
    """
    height, width = photo.shape[:2]
    window = Window.of(crop, width, height)
    if window is None:
        raise ItemError("its square lies outside of the photo")
    margin, soft, reach = (params[key] * crop.size / FACE_SIZE for key in ("margin", "soft", "reach"))
    area = window.area()
    # Beyond the square the photo goes on, whatever changes inside: towards its edge the composite fades.
    alpha = opacity(window.mask(kept) | ~area, margin, soft) * within(area, soft)
    image = photo.copy()
    window.cut(image)[:] = restored(window.cut(photo), window.image(composite), alpha, area, reach)
    return Restored(image, cut_share(crop, width, height, ~kept))


def photo_of(source: str, face: Path, record: ItemRecord) -> tuple[np.ndarray, Crop]:
    """The photo that a face was cut out of, and where.

    Args:
        source: of the face in images.csv.
        face: the face's file.
        record: what the stage `faces` notes of it.

    Raises:
        ItemError: the photo is not there, cannot be read, or is not the one that the face was made of.
        UserError: the record does not say where.
    """
    if "square" not in record:
        raise UserError(f"{face}: its record does not say where in the photo it was; type `snakemake` first")
    path = sample_photo() if source == SAMPLED else Path(source)
    if not path.is_file():
        raise ItemError(f"{path}: the photo is not there any more")
    image = read_image(path)
    crop = Crop(*(np.array(record["square"][key]) for key in ("centre", "right")))
    photo = np.array(image)
    if record.get("aligned"):
        again = aligned(photo, crop)
    elif image.size == (round(crop.size),) * 2:
        again = np.array(at_face_size(image))
    else:
        again = np.zeros((FACE_SIZE, FACE_SIZE, 3), np.uint8)
    if np.abs(again - read_rgb(face).astype(np.float32)).mean() > SAME:
        raise ItemError(f"{path}: is not the photo that {face} was made of; type `snakemake` first")
    return photo, crop


def read_params(reports: Path, method: str) -> Params:
    """The parameters of the finished run whose report is in a folder.

    Raises:
        UserError: there is no finished run, or it has no such method.
    """
    if not (reports / RECORD).is_file():
        raise UserError(f"{safe(reports)}: no finished run, {RECORD} is not there; type `snakemake` first")
    params = cast("dict[str, Params]", read_record(reports / RECORD))["params"]
    if method not in params["methods"]:
        words, _ = meant(method, list(params["methods"]))
        raise UserError(f"--method {quoted(method)}: the run has no such method{words}")
    return params


def brought_back(
    pair: Pair, data: Path, method: str, params: Params, source: str, faces: Mapping[str, ItemRecord]
) -> Restored:
    """The composite of a pair in the photo of its identity, from the files of a run.

    Raises:
        ItemError: it has no photo, or a file of it failed or is damaged.
        UserError: a file is not what its stage wrote.
    """
    if source == DRAWN:
        raise ItemError(f"its identity {pair.identity} is drawn, so there is no photo")
    face, labels = (data / stage / f"{pair.identity}.png" for stage in ("faces", "maps"))
    target, composite = (data / stage / f"{pair.pair}.png" for stage in ("targets", f"composites/{method}"))
    files = [face, labels, target, composite]
    check(files)
    if failed := [path for path in files if is_failed(path)]:
        raise ItemError(f"{failed[0]} is empty, it failed before")
    photo, crop = photo_of(source, face, faces[pair.identity])
    scheme = SCHEMES[scheme_name(params["networks"])]
    kept = unchanged(pair, read_label_map(labels, scheme), read_label_map(target, scheme), scheme)
    own = cast("Mapping[str, RestoredParams]", params)["restored"]
    return bring_back(photo, crop, read_rgb(composite), kept, own)


def main(
    method: Annotated[str, typer.Option(help="name of the method in params.yaml")],
    out: Annotated[Path, typer.Option(help="folder to write; it must be empty or not there")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")] = Path("data"),
    reports: Annotated[Path, typer.Option(help="folder of the run's report")] = Path("reports"),
    log: Log = None,
) -> None:
    """Put the composites of a method back into the photos of their identities, at full size."""
    log_to(log)
    check_unused(out)
    params = read_params(reports, method)
    pairs = listed_pairs(data / "pairs.csv", data / "images.csv")
    sources = {face.image: face.source for face in read_faces(data / "images.csv")}
    faces = {item["item"]: item for item in read_chunks(data / "records" / "faces")["items"]}
    reasons = []
    for name, pair in pairs.items():
        try:
            found = brought_back(pair, data, method, params, sources[pair.identity], faces)
        except ItemError as error:
            reasons.append(f"{name} is left out: {error}")
            logger.info("%s", reasons[-1])
            continue
        write_atomic(out / f"{name}.png", png_bytes(Image.fromarray(found.image)))
        height, width = found.image.shape[:2]
        cut = f"; what changes is cut at {found.cut:.0%} of the square's edge" if found.cut else ""
        logger.info("%s: %d×%d px%s", name, width, height, cut)
    if len(reasons) == len(pairs):
        raise UserError(f"no pair can be brought back: {reasons[0]}")
    logger.info("%s: %d of %d pairs", safe(out), len(pairs) - len(reasons), len(pairs))


if __name__ == "__main__":
    run_stage(main)
