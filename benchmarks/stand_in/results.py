"""Results that cost next to nothing: those of another run, made different for every item."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stages.engine.items import Item, Result
from stages.formats.files import sha256
from stages.formats.tensors import tensor_bytes
from stages.scoring.sheets import SMALL, Sheet, read_sheet, sheet_bytes

COARSE = 64  # px; enlarged to the size of a face, so that a file takes kilobytes
NOISE = 0.02  # standard deviation of what values and features are changed by, relative


@cache
def templates(stage: str, role: str) -> list[Path]:
    """The files of a role that a stage made in the other run; those of any method serve a method that it had not."""
    store = Path(os.environ["STAND_IN"])
    found = sorted(store.glob(f"{stage}/*/{role}"))
    return found or sorted(store.glob(f"{stage.rpartition('-')[0]}-*/*/{role}"))


@cache
def coarse(path: Path) -> Image.Image:
    """An image of few colours and large squares."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize((COARSE, COARSE)).quantize(32).convert("RGB")
        return small.resize(image.size, Image.Resampling.NEAREST)


def png_of(template: Path, name: str) -> bytes:
    """A label map as it is, an image coarse; the item's name in its metadata makes it a file of its own."""
    with Image.open(template) as image:
        told = PngInfo()
        for key, text in image.info.items():
            if isinstance(text, str):
                told.add_text(key, text)
        told.add_text("item", name)
        shown = image.copy() if image.mode == "P" else coarse(template)
    file = io.BytesIO()
    shown.save(file, "PNG", pnginfo=told, compress_level=1)
    return file.getvalue()


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
        batch: Any = 1, read_ahead: Any = None,
    ) -> Iterator[int]:  # fmt: skip
        def made(chosen: Sequence[Item]) -> list[Result]:
            return [
                Result({role: content_of(stage, role, path, item.name) for role, path in item.outputs.items()}, {})
                for item in chosen
            ]

        return steps(stage, modules, items, params, weights, made, record, batch, None)

    return stood_in
