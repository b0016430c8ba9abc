"""Stage `encode`: the codes of the faces by an encoder, one pass a face, and what they render to."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import torch
import typer
from torch import Tensor

from stages import registry
from stages.codes.embedding import render_stored
from stages.codes.encoding import encoded
from stages.engine.command import TF32, Log, Names, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError, UserError
from stages.formats.images import png_bytes
from stages.formats.inputs import Inputs
from stages.formats.tensors import tensor_bytes, to_image
from stages.formats.weight_files import network_of, read_metadata
from stages.nets.device import choose_device
from stages.nets.interfaces import Encoder, Generator
from stages.nets.loading import load_encoder, load_generator, load_perceptual

if TYPE_CHECKING:
    from stages.nets.encoder_net import FaceEncoder


def main(
    names: Names,
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    encoder: Annotated[Path, typer.Option(help="weights of the encoder")],
    out: Annotated[Path, typer.Option(help="folder of the codes")],
    reconstructions: Annotated[Path, typer.Option(help="folder of the renders")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    backbone: Annotated[
        Path | None, typer.Option(help="weights of the perceptual network that the encoder reads, if it reads one")
    ] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Embed every face by a network, into W+ or into F and S, and render the code."""
    log_to(log)
    kind = network_of(encoder)
    check_fits(encoder, generator, backbone)
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
    reads = cache(lambda: load_perceptual(backbone, device) if backbone else None)

    def codes_of(images: Tensor) -> dict[str, Tensor]:
        if (perceptual := reads()) is None:
            return {"W": encodes().codes(images)}
        code = encoded(cast("FaceEncoder", encodes()), perceptual, draws(), images)
        return {"W": draws().mean_w.repeat(len(images), draws().n_styles, 1), "F": code.f, "S": code.s}

    @torch.no_grad()
    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        codes = codes_of(inputs.faces(batch, "face"))
        results: list[Result | ItemError] = []
        for i in range(len(batch)):
            one = {name: tensor[i : i + 1] for name, tensor in codes.items()}
            if not all(tensor.isfinite().all() for tensor in one.values()):
                results.append(ItemError(f"{kind}: the code is not finite"))
                continue
            image = png_bytes(to_image(render_stored(draws(), one)[0]))
            content = tensor_bytes({name: tensor[0] for name, tensor in one.items()})
            results.append(Result({"code": content, kind: image}, {}))
        return results

    weights = {"generator": generator, "encoder": encoder} | ({"backbone": backbone} if backbone else {})
    run_items(f"codes-{kind}", ["stages.encode"], items, {}, weights, compute, record, read_ahead=inputs.read_ahead)


def check_fits(encoder: Path, generator: Path, backbone: Path | None = None) -> None:
    """Check that weight files hold the generator of an encoder's codes, with as many rows of W+, and what it reads.

    Raises:
        UserError: one is another network, or one of another size; or the first file holds no encoder.
    """
    kind, holds = network_of(encoder), network_of(generator)
    entry = registry.load("networks", kind)
    wanted = entry.generator
    if wanted is None:
        raise UserError(f"{encoder}: holds the network {kind}, which is no encoder; name another file")
    if holds != wanted:
        raise UserError(f"{encoder}: {kind} gives codes of {wanted}, and {generator} holds {holds}; name another file")
    read = network_of(backbone) if backbone else None
    if read != entry.reads:
        raise UserError(f"{backbone or encoder}: {kind} reads {entry.reads or 'the image alone'}, not {read or 'that'}")
    if read:
        return  # it gives F, which has one size
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
