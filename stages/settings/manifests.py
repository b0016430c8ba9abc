"""Manifests and folders of images: checked, with errors that name the row or the file. No torch here.

What names and lists photos is in `photos`, lists of pairs in `pairs_csv`, another system's images in `results`; all can
be had from here.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError
from stages.regions.pair import Pair
from stages.settings.image_files import IMAGE_SUFFIXES
from stages.settings.pairs_csv import read_pairs
from stages.settings.photos import (
    SAMPLE,
    check_can_pair,
    drawn_names,
    face_sources,
    item_name,
    origin,
    original_name,
    photo_files,
    sample_photo,
)
from stages.settings.problems import NAME, NAME_RULE, quoted, refusal, safe
from stages.settings.results_folders import look_through, result_files
from stages.settings.spreadsheets import csv_bytes, read_table

__all__ = [
    "IMAGE_SUFFIXES", "SAMPLE", "Face", "check_can_pair", "check_hair_only", "csv_bytes", "drawn_names",
    "face_sources", "item_name", "listed_pairs", "look_through", "origin", "original_name", "pair_names", "photo_files",
    "read_faces", "read_pairs", "result_files", "sample_photo",
]  # fmt: skip


class Face(NamedTuple):
    """A row of images.csv: the name of an image and where it came from (a photo's path, `drawn` or `sample`)."""

    image: str
    source: str

    @property
    def original(self) -> str:
        """What a person calls it: the photo's file name, or the image's name if it is no photo of theirs."""
        return original_name(self.image, self.source)


def pair_names(count: int) -> list[str]:
    """Names of the pairs that the sampler chooses; known before the pairs are."""
    return [f"pair-{index:04d}" for index in range(int(count))]


def read_faces(path: Path) -> list[Face]:
    """Read images.csv.

    Raises:
        UserError: it cannot be read, or has bad rows; names each.
    """
    rows, bad = read_table(path, ["image", "source"], ["image", "source"])
    problems = [f"{safe(path)}, {text}" for text in bad]
    faces: dict[str, Face] = {}
    for number, cells in rows:
        image, source = cells.get("image"), cells.get("source")
        where = f"{safe(path)}, row {number}"
        if image is None or source is None:
            problems.append(f"{where}: the cell of column {'source' if image else 'image'} is empty")
        elif not re.fullmatch(NAME, image):
            problems.append(f"{where}: image: {quoted(image)} cannot be a name: it {NAME_RULE}")
        elif image in faces:
            problems.append(f"{where}: the same image as in a row before; remove one of them")
        else:
            faces[image] = Face(image, source)
    if problems:
        raise refusal(f"{safe(path)}: {len(problems)} rows are wrong", problems)
    if not faces:
        raise UserError(f"{safe(path)}: lists no image")
    return list(faces.values())


def listed_pairs(pairs: Path, images: Path | None = None) -> dict[str, Pair]:
    """The pairs of pairs.csv by name, checked against the images of images.csv if given; errors as `read_pairs`."""
    known = None if images is None else [face.image for face in read_faces(images)]
    return {pair.pair: pair for pair in read_pairs(pairs, known)}


def check_hair_only(pairs: Iterable[Pair], what: str, looks: bool = False) -> None:
    """Check that every pair takes hair from one other image, and perhaps its look from a third if `looks`.

    Raises:
        UserError: naming the pair, and `what` needs it.
    """
    for pair in pairs:
        if list(pair.regions) != ["hair"] or set(pair.appearance) - ({"hair"} if looks else set()):
            raise UserError(f"{what} transfers hair only; pair {pair.pair} takes {', '.join(pair.columns)}: remove one")
