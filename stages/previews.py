"""Stage `previews`: what aligned codes render to, so that one sees whether the alignment or the blend is to blame."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import torch
import typer

from stages.codes.embedding import FSCode, render_code
from stages.engine.command import TF32, Log, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError
from stages.formats.images import png_bytes
from stages.formats.inputs import Inputs
from stages.formats.tensors import to_image
from stages.nets.device import choose_device
from stages.nets.loading import load_generator
from stages.settings.manifests import listed_pairs

SIZE = 512  # px


def main(
    method: Annotated[str, typer.Option(help="the method, by name")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv, or a part of it")],
    aligned: Annotated[Path, typer.Option(help="folder of the method's aligned codes")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    out: Annotated[Path, typer.Option(help="folder of the renders")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Render the aligned code of each reference of each pair: one image a pair, its references side by side."""
    log_to(log)
    items = [
        Item(
            name, {"aligned": aligned / f"{name}.safetensors"}, {"image": out / f"{name}.png"},
            {"references": len(pair.references)},
        )
        for name, pair in listed_pairs(pairs).items()
    ]  # fmt: skip
    device = choose_device(tf32)
    inputs = Inputs(device)
    net = cache(lambda: load_generator(generator, device))

    @torch.no_grad()
    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        codes = inputs.codes(batch, "aligned")  # F (B, K, C, 32, 32), S (B, K, n, 512) of K references
        results: list[Result | ItemError] = []
        for f, s in zip(codes["F"], codes["S"], strict=True):
            images = render_code(net(), FSCode(f, s), min(SIZE, net().size))
            results.append(Result({"image": png_bytes(to_image(torch.cat(list(images), 2)))}, {}))
        return results

    run_items(
        f"previews-{method}", ["stages.previews"], items, {"size": SIZE}, {"generator": generator}, compute, record,
        read_ahead=inputs.read_ahead,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
