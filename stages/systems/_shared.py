"""What layouts share: files made of a run's artifacts, which pairs a system can do, and scripts of a line a pair."""

import io
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from stages.errors import UserError
from stages.formats.images import png_bytes, read_image
from stages.formats.label_maps import read_label_map
from stages.regions.labels import SCHEMES, LabelScheme
from stages.regions.pair import Pair
from stages.systems import Content, Given

JPEG_QUALITY = 100  # with colours at full size: what a script's file names cost in quality is not the system's


def text(content: str) -> Content:
    """A file of text."""
    return Content(content.encode)


def faces(given: Given, images: Iterable[str], folder: str) -> dict[str, Content]:
    """The faces as they are, PNG of 1024 px, in a folder."""
    paths = {f"{folder}/{image}.png": face(given, image) for image in images}
    return {name: Content(path.read_bytes, [path]) for name, path in paths.items()}


def face(given: Given, image: str) -> Path:
    """The file of a face."""
    return given.data / "faces" / f"{image}.png"


def jpeg(path: Path, size: int) -> Content:
    """An image as JPEG of `size` px."""

    def make() -> bytes:
        small, buffer = read_image(path).resize((size, size), Image.Resampling.LANCZOS), io.BytesIO()
        small.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return buffer.getvalue()

    return Content(make, [path])


def grey_png(labels: np.ndarray) -> bytes:
    """uint8 (H, W) as an 8-bit grey PNG whose values are the numbers themselves."""
    return png_bytes(Image.fromarray(labels.astype(np.uint8)))


def read_labels(path: Path) -> tuple[np.ndarray, LabelScheme]:
    """A label map of this run, uint8 (H, W), and the scheme that its file names.

    Raises:
        UserError: it is none.
    """
    try:
        with Image.open(path) as image:
            named = image.info.get("label-scheme")
    except (OSError, SyntaxError):
        named = None
    if named not in SCHEMES:
        raise UserError(f"{path}: not a label map; remove it and run again")
    return read_label_map(path, SCHEMES[named]), SCHEMES[named]


def images_of(pairs: Iterable[Pair]) -> list[str]:
    """The images of some pairs, each once."""
    return list(dict.fromkeys(image for pair in pairs for image in pair.images))


def hair_of(pair: Pair) -> tuple[str, str]:
    """The images that give the hair of a composite its shape and its colour; the identity where none is named."""
    shape = pair.regions.get("hair", pair.identity)
    return shape, pair.appearance.get("hair", shape)


def hair_only(pairs: Sequence[Pair], colour_of: str = "") -> tuple[list[Pair], dict[str, str]]:
    """Pairs that transfer hair alone, and why each other one is left out.

    `colour_of`: name of a system that cannot take the colour from a third image, or from one that gives no shape.
    """
    left_out = {}
    for pair in pairs:
        others = [column for column in pair.columns if column not in ("hair", "hair_appearance")]
        if others:
            left_out[pair.pair] = f"takes {', '.join(others)}; the method transfers hair only"
        elif colour_of and pair.appearance:
            left_out[pair.pair] = f"takes the look of another image, which {colour_of} cannot do"
    return [pair for pair in pairs if pair.pair not in left_out], left_out


def options(folder: Path, paths: Mapping[str, str]) -> str:
    """Options of a command whose values are paths in the export."""
    return " ".join(f"--{option} {shlex.quote(str(folder / path))}" for option, path in paths.items())


def script(head: str, body: str, calls: Iterable[Sequence[str]]) -> Content:
    """A shell script that calls `one` with the words of each of `calls`.

    `head` is said at the top. `body` is the function's, in which $here is the export's folder; the script runs in the
    folder in which it was typed.
    """
    lines = [f"one {' '.join(map(shlex.quote, words))}" for words in calls]
    here = 'here=$(cd "$(dirname "$0")" && pwd)'
    return text("\n".join(["#!/bin/sh", f"# {head}", here, "one() {", body.strip("\n"), "}", *lines]) + "\n")


def run(folder: Path, name: str = "run.sh") -> str:
    """The command that runs a script of the export."""
    return f"sh {shlex.quote(str(folder / name))}"
