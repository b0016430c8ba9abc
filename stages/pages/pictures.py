"""The pictures of the gallery: which there are of an image, an embedding, a pair and a composite, as WebP files.

A picture of what failed is an empty file, as everywhere. A picture never depends on another one.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from stages.errors import ItemError
from stages.formats.files import is_failed
from stages.formats.images import read_rgb
from stages.formats.label_maps import palette, read_label_map
from stages.regions.labels import SCHEMES
from stages.regions.pair import Pair
from stages.reporting.error_maps import error_map, reduced, transfer_error

Kind = Literal["faces", "reconstructions", "targets", "composites"]
FULL, SMALL = "images", "thumbs"  # folders of the gallery: pictures to look into, and those of its rows
ERROR_SIZE = 512  # px of error maps, of what aligned codes render to, and at most of label maps: these have no more
EFFORT = 2  # of libwebp, 0 to 6: at 4 an image takes twice as long and is 3 % smaller


class Encoding(NamedTuple):
    """Edges of the pictures to look into and of those in rows, px, and the quality of WebP, 1 to 100."""

    size: int
    thumbnail: int
    quality: int


class Task(NamedTuple):
    """What one item's pictures are made from: its files by role, and its pair if it is of one."""

    kind: Kind
    inputs: Mapping[str, Path]
    scheme: str
    encoding: Encoding
    pair: Pair | None = None


def outputs(kind: Kind, out: Path, name: str, of: str = "", aligned: int = 0) -> dict[str, Path]:
    """The files of an item's pictures, by role.

    Args:
        kind: what the item is.
        out: folder of the gallery.
        name: of the image or the pair.
        of: the kind of code of a reconstruction, the method of a composite.
        aligned: how many aligned codes of a composite's method are shown.
    """
    full, small, file = out / FULL, out / SMALL, f"{name}.webp"
    if kind == "faces":
        return {"full": full / "faces" / file, "small": small / "faces" / file, "map": full / "maps" / file}
    if kind == "reconstructions":
        return {"full": full / kind / of / file, "error": full / "reconstruction-errors" / of / file}
    if kind == "targets":
        return {"full": full / kind / file, "small": small / kind / file}
    composite = {
        "full": full / kind / of / file,
        "small": small / kind / of / file,
        "error": full / "errors" / of / file,
    }
    return composite | {f"aligned{k}": full / "aligned" / of / f"{name}-{k}.webp" for k in range(aligned)}


def made(task: Task) -> dict[str, bytes] | str:
    """The contents of an item's pictures by role, empty where something failed before; or why they cannot be made.

    It does not raise, because it is called in other processes.
    """
    try:
        return {"faces": _face, "reconstructions": _reconstruction, "targets": _target, "composites": _composite}[
            task.kind
        ](task)
    except ItemError as error:
        return str(error)


def webp(image: np.ndarray, quality: int) -> bytes:
    """An image, uint8 (H, W, 3), as WebP; without loss if the quality is 100."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=quality, method=EFFORT, lossless=quality == 100)
    return buffer.getvalue()


def coloured(labels: np.ndarray, size: int, scheme_name: str) -> bytes:
    """A label map in its colours, at `size` px at most, without loss."""
    step = max(1, len(labels) // size)
    return webp(palette(len(SCHEMES[scheme_name]))[labels[::step, ::step]], 100)


def _both(image: np.ndarray, encoding: Encoding) -> dict[str, bytes]:
    quality = encoding.quality
    small = webp(reduced(image, encoding.thumbnail), quality)
    return {"full": webp(reduced(image, encoding.size), quality), "small": small}


def _failed(task: Task, *roles: str) -> bool:
    return any(is_failed(task.inputs[role]) for role in roles)


def _face(task: Task) -> dict[str, bytes]:
    encoding, size = task.encoding, min(ERROR_SIZE, task.encoding.size)
    face = _both(read_rgb(task.inputs["face"]), encoding) if not _failed(task, "face") else {"full": b"", "small": b""}
    if _failed(task, "map"):
        return face | {"map": b""}
    labels = read_label_map(task.inputs["map"], SCHEMES[task.scheme])
    return face | {"map": coloured(labels, size, task.scheme)}


def _reconstruction(task: Task) -> dict[str, bytes]:
    if _failed(task, "render"):
        return {"full": b"", "error": b""}
    encoding, render = task.encoding, read_rgb(task.inputs["render"])
    full = webp(reduced(render, encoding.size), encoding.quality)
    if _failed(task, "face"):
        return {"full": full, "error": b""}
    size = min(ERROR_SIZE, encoding.size)
    a, b = reduced(render, size), reduced(read_rgb(task.inputs["face"]), size)
    error = error_map(a, b, np.ones(a.shape[:2], bool)) if a.shape == b.shape else None
    return {"full": full, "error": b"" if error is None else webp(error, encoding.quality)}


def _target(task: Task) -> dict[str, bytes]:
    if _failed(task, "target"):
        return {"full": b"", "small": b""}
    labels = read_label_map(task.inputs["target"], SCHEMES[task.scheme])
    size, small = min(ERROR_SIZE, task.encoding.size), task.encoding.thumbnail
    return {"full": coloured(labels, size, task.scheme), "small": coloured(labels, small, task.scheme)}


def _composite(task: Task) -> dict[str, bytes]:
    pair, encoding = task.pair, task.encoding
    assert pair is not None
    aligned = _aligned(task, len(pair.references))
    if _failed(task, "composite"):
        return {"full": b"", "small": b"", "error": b""} | aligned
    composite = read_rgb(task.inputs["composite"])
    pictures = _both(composite, encoding) | aligned
    numbers = range(len(pair.references))
    if _failed(task, "target", *(f"{role}{k}" for k in numbers for role in ("face", "map"))):
        return pictures | {"error": b""}
    scheme = SCHEMES[task.scheme]
    sources = [read_rgb(task.inputs[f"face{k}"]) for k in numbers]
    maps = [read_label_map(task.inputs[f"map{k}"], scheme) for k in numbers]
    target = read_label_map(task.inputs["target"], scheme)
    size = min(ERROR_SIZE, encoding.size)
    error = transfer_error(pair, composite, sources, maps, target, scheme, size)
    return pictures | {"error": webp(error, encoding.quality)}


def _aligned(task: Task, count: int) -> dict[str, bytes]:
    """What the aligned codes render to: the file has the images of all references side by side."""
    if "aligned" not in task.inputs:
        return {}
    if _failed(task, "aligned"):
        return {f"aligned{k}": b"" for k in range(count)}
    strip: Sequence[np.ndarray] = np.split(read_rgb(task.inputs["aligned"]), count, axis=1)
    size, quality = min(ERROR_SIZE, task.encoding.size), task.encoding.quality
    return {f"aligned{k}": webp(reduced(np.ascontiguousarray(each), size), quality) for k, each in enumerate(strip)}
