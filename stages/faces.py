"""Stage `faces`: draw faces from the generator and bring photos to one form, RGB 1024×1024."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from stages.command import Log, choose_device, log_to, run_stage, section
from stages.config import csv_bytes, face_sources
from stages.errors import ItemError
from stages.files import at_face_size, png_bytes, read_square
from stages.items import Item, Result, run_items
from stages.nets import Generator, load_generator
from stages.tensors import to_image


def prepare_photo(path: Path, min_size: int) -> bytes:
    """An aligned photo as PNG of 1024 px.

    Raises:
        ItemError: not an image, not square, or smaller than `min_size`.
    """
    image = read_square(path, f"{min_size} px (faces.min_size)", min_size, "align and crop it as FFHQ does")
    return png_bytes(at_face_size(image))


def draw_face(net: Generator, index: int, seed: int, truncation: float, device: torch.device) -> bytes:
    """The PNG of the `index`-th seeded sample of a generator, its w pulled towards the mean by `truncation`."""
    z = np.random.default_rng([seed, index]).standard_normal((1, 512), dtype=np.float32)
    w = net.map(torch.from_numpy(z).to(device))
    ws = torch.lerp(net.mean_w, w, truncation)[:, None].repeat(1, net.n_styles, 1)
    return png_bytes(to_image(net.render(net.features(ws), ws)[0]))


@torch.no_grad()
def main(
    params: Annotated[Any, typer.Option(parser=section("faces"), help="section `faces` of params.yaml, as JSON")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    out: Annotated[Path, typer.Option(help="folder of the faces")],
    manifest: Annotated[Path, typer.Option(help="images.csv to write")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Make data/faces/{image}.png from samples of the generator, a folder of photos, or both."""
    log_to(log)
    sources = face_sources(params)
    drawn = [name for name, path in sources.items() if path is None]
    items = [
        Item(name, {}, {"face": out / f"{name}.png"}, params["drawn"] | {"count": None, "index": drawn.index(name)})
        if path is None
        else Item(name, {"photo": path}, {"face": out / f"{name}.png"}, {"min_size": params["min_size"]})
        for name, path in sources.items()
    ]
    device = choose_device()
    net = cache(lambda: load_generator(generator, device))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        if "photo" not in item.inputs:
            facts = item.facts
            content = draw_face(net(), facts["index"], facts["seed"], facts["truncation"], device)
            return [Result({"face": content}, {})]
        try:
            return [Result({"face": prepare_photo(item.inputs["photo"], params["min_size"])}, {})]
        except ItemError as error:
            return [error]

    listed = csv_bytes(["image", "source"], ((n, str(p or "drawn")) for n, p in sources.items()))
    weights = {"generator": generator}
    run_items("faces", "stages.faces", items, {}, weights, compute, record, manifests={manifest: listed})


if __name__ == "__main__":
    run_stage(main)
