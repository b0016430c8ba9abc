"""Stage `encode`: the W+ codes of the faces by an encoder, one pass a face, and what they render to."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, cast

import torch
import typer

from stages import registry
from stages.engine.command import TF32, Log, Names, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError, UserError
from stages.formats.images import png_bytes
from stages.formats.inputs import Inputs
from stages.formats.tensors import tensor_bytes, to_image
from stages.formats.weight_files import network_of, read_metadata
from stages.nets.device import choose_device
from stages.nets.interfaces import Encoder, Generator
from stages.nets.loading import load_encoder, load_generator


def main(
    names: Names,
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    encoder: Annotated[Path, typer.Option(help="weights of the encoder")],
    out: Annotated[Path, typer.Option(help="folder of the codes")],
    reconstructions: Annotated[Path, typer.Option(help="folder of the renders")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Embed every face into W+ by a network, and render the code."""
    log_to(log)
    kind = network_of(encoder)
    check_fits(encoder, generator)
    items = [
        Item(
            name,
            {"face": faces / f"{name}.png"},
            {"code": out / f"{name}.safetensors", kind: reconstructions / f"{name}.png"},
        )
        for name in sorted(names)
    ]
    device = choose_device(tf32)
    inputs = Inputs(device)

    draws = cache(lambda: load_generator(generator, device))
    encodes = cache(lambda: load_encoder(encoder, device))

    @torch.no_grad()
    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        results: list[Result | ItemError] = []
        for ws in encodes().codes(inputs.faces(batch, "face")):
            if not ws.isfinite().all():
                results.append(ItemError(f"{kind}: the code is not finite"))
                continue
            image = png_bytes(to_image(draws().synthesis(ws[None])[0]))
            results.append(Result({"code": tensor_bytes({"W": ws}), kind: image}, {}))
        return results

    weights = {"generator": generator, "encoder": encoder}
    run_items(f"codes-{kind}", ["stages.encode"], items, {}, weights, compute, record, read_ahead=inputs.read_ahead)


def check_fits(encoder: Path, generator: Path) -> None:
    """Check that a weight file holds the generator of an encoder's codes, and has as many rows of W+.

    Raises:
        UserError: it is another network, or one of another size; or the first file holds no encoder.
    """
    kind, holds = network_of(encoder), network_of(generator)
    wanted = registry.load("networks", kind).generator
    if wanted is None:
        raise UserError(f"{encoder}: holds the network {kind}, which is no encoder; name another file")
    if holds != wanted:
        raise UserError(f"{encoder}: {kind} gives codes of {wanted}, and {generator} holds {holds}; name another file")
    gives, takes = (_rows(path) for path in (encoder, generator))
    if gives != takes:
        raise UserError(
            f"{encoder}: gives codes of {gives} rows, and {generator} takes {takes}; name files for one size of images"
        )


def _rows(weights: Path) -> int:
    """Rows of W+ of the network in a weight file, whose tensors are not read."""
    with torch.device("meta"):
        net = registry.load("networks", network_of(weights)).build(read_metadata(weights))
    return cast("Encoder | Generator", net).n_styles


if __name__ == "__main__":
    run_stage(main)
