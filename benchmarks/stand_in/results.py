"""Results that cost next to nothing: those of another run, made different for every item."""

import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stages.engine.item_store import ROOT
from stages.engine.items import Item, Result
from stages.engine.stage_records import FOLDER
from stages.formats.files import sha256
from stages.formats.tensors import tensor_bytes
from stages.scoring.sheets import SMALL, Sheet, read_sheet, sheet_bytes

COARSE = 64  # px; enlarged to the size of a face, so that a file takes kilobytes
END = -12  # where a PNG's last chunk begins, which says that it ends
NOISE = 0.02  # standard deviation of what values and features are changed by, relative


@cache
def stored() -> dict[str, list[Path]]:
    """By stage, what the other run's items are in its store. An older run's may be there too."""
    found: dict[str, list[Path]] = {}
    run = Path(os.environ["STAND_IN"])
    for path in sorted((run / FOLDER).rglob("*.json")):
        record = json.loads(path.read_bytes())
        keys = [item["key"] for item in record.get("items", ()) if "key" in item]
        found.setdefault(record["stage"], []).extend(run / ROOT / record["stage"] / key for key in keys)
    return found


@cache
def templates(stage: str, role: str) -> list[Path]:
    """The files of a role that a stage made in the other run; those of any method serve a method that it had not."""
    kind = f"{stage.rpartition('-')[0]}-"
    others = [folder for name, folders in stored().items() if name.startswith(kind) for folder in folders]
    paths = [[folder / role for folder in folders] for folders in (stored().get(stage, []), others)]
    return next(filter(None, ([path for path in each if path.is_file()] for each in paths)))


@cache
def coarse(path: Path) -> bytes:
    """The PNG of a label map as it is, or of an image in few colours and large squares."""
    with Image.open(path) as image:
        if image.mode == "P":
            return path.read_bytes()
        small = image.convert("RGB").resize((COARSE, COARSE)).quantize(32).convert("RGB")
        file = io.BytesIO()
        small.resize(image.size, Image.Resampling.NEAREST).save(file, "PNG")
        return file.getvalue()


def png_of(template: Path, name: str) -> bytes:
    """A PNG with the item's name in its metadata, which makes it a file of its own."""
    content = coarse(template)
    chunk = b"tEXtitem\0" + name.encode()
    told = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return content[:END] + told + content[END:]


def sheet_of(template: Path, name: str) -> bytes:
    """A sheet whose finite values, features and small image are changed a little."""
    random = np.random.default_rng(list(name.encode()))
    sheet = read_sheet(template, name)

    def changed(array: np.ndarray) -> np.ndarray:
        return array * (1 + NOISE * random.standard_normal(array.shape))

    values = [each._replace(value=float(changed(np.array(each.value)))) for each in sheet.values]
    arrays = {
        key: array if array.dtype == bool else changed(array).clip(0, 1) if key == SMALL else changed(array)
        for key, array in sheet.arrays.items()
    }
    facts = sheet.facts | ({"digest": sha256(name.encode())} if "digest" in sheet.facts else {})
    return sheet_bytes(Sheet(values, arrays, facts))


def content_of(stage: str, role: str, path: Path, name: str) -> bytes:
    """The file of a role of an item."""
    known = templates(stage, role)
    template = known[sum(name.encode()) % len(known)]
    if role == "sheet":
        return sheet_of(template, f"{stage} {name}")
    if path.suffix == ".png":
        return png_of(template, f"{stage} {name}")
    if path.suffix == ".safetensors":
        return tensor_bytes({}, {"item": f"{stage} {name}"})
    return template.read_bytes()


def with_stand_in(steps: Callable[..., Iterator[int]]) -> Callable[..., Iterator[int]]:
    """`stages.engine.items.item_steps` with another function that computes."""

    def stood_in(
        stage: str, modules: Any, items: Any, params: Any, weights: Any, compute: Any, record: Any,
        batch: Any = 1, read_ahead: Any = None, mixed: bool = False,
    ) -> Iterator[int]:  # fmt: skip
        def made(chosen: Sequence[Item]) -> list[Result]:
            return [
                Result({role: content_of(stage, role, path, item.name) for role, path in item.outputs.items()}, {})
                for item in chosen
            ]

        return steps(stage, modules, items, params, weights, made, record, batch, None, mixed)

    return stood_in
