"""Stage `embed`: the codes of the faces, and what they render to."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer
from torch import Tensor

from stages.codes.embedding import FREED, SPACES, FSCode, Objective, embed_fs, embed_w, render_stored
from stages.codes.face_axes import axes_of_faces
from stages.engine.command import TF32, Log, Names, Precision, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.images import png_bytes
from stages.formats.inputs import Inputs
from stages.formats.tensors import tensor_bytes, to_image
from stages.nets.device import choose_device
from stages.nets.interfaces import Generator
from stages.nets.loading import load_generator, load_perceptual
from stages.nets.precision import chosen, lowered, name_of
from stages.params.embed_section import EmbedParams


def main(
    params: Annotated[
        EmbedParams, typer.Option(parser=as_json("embed"), help="section `embed` of params.yaml, as JSON")
    ],
    names: Names,
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the codes")],
    reconstructions: Annotated[Path, typer.Option(help="folder of the renders, one folder below it a kind of code")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    precision: Precision,
    kind: Annotated[str, typer.Option(help=f"kind of embedding: {', '.join([*FREED, *SPACES])}")] = "fs",
    starts: Annotated[
        Path | None, typer.Option(help="folder of the codes where F and S begin; without it at the mean face")
    ] = None,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Embed every face into W+ from the mean face on, or into F and S from another code on, and render the code."""
    log_to(log)
    items = [
        Item(
            name,
            {"face": faces / f"{name}.png"} | ({"start": starts / f"{name}.safetensors"} if starts else {}),
            {"code": out / f"{name}.safetensors", kind: reconstructions / kind / f"{name}.png"},
        )
        for name in sorted(names)
    ]
    device = choose_device(tf32)
    inputs = Inputs(device)
    dtype = chosen(precision, device)
    exact = cache(lambda: load_generator(generator, device))
    axes = cache(lambda: axes_of_faces(exact()) if FREED[kind] else None)
    nets = cache(lambda: (lowered(exact(), dtype), lowered(load_perceptual(perceptual, device), dtype)))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, loss = nets()
        objective = Objective(net, loss, inputs.faces(batch, "face"), params["variant"])
        progress = Progress(f"{kind} of " + ", ".join(item.name for item in batch))
        if kind in FREED:
            ws, start = starts_of(batch, net)
            code, outcome = embed_fs(net, objective, ws, params["fs"], progress, start, axes())
            tensors = {"W": ws, "F": code.f, "S": code.s}
        else:
            ws, outcome = embed_w(net, objective, params["w"], progress, SPACES[kind])
            tensors = {"W": ws}
        results: list[Result | ItemError] = []
        for i, failure in enumerate(outcome.failures):
            if failure:
                results.append(ItemError(failure))
                continue
            one = {name: tensor[i : i + 1] for name, tensor in tensors.items()}
            with torch.no_grad():
                image = render_stored(exact(), one)
            facts = {"losses": outcome.of(i)}
            content = tensor_bytes({name: tensor[0] for name, tensor in one.items()}, facts)
            results.append(Result({"code": content, kind: png_bytes(to_image(image[0]))}, facts))
        return results

    def starts_of(batch: Sequence[Item], net: Generator) -> tuple[Tensor, FSCode | None]:
        """W+ from which F and S begin, and F and S where these do."""
        if starts is None:
            return net.mean_w.repeat(len(batch), net.n_styles, 1), None
        stored = inputs.codes(batch, "start")
        return stored["W"], FSCode(stored["F"], stored["S"]) if "F" in stored else None

    weights = {"generator": generator, "perceptual": perceptual}
    own: Literal["fs", "w"] = "fs" if kind in FREED else "w"
    decisive = {"variant": params["variant"], own: params[own], "precision": name_of(dtype)}
    stage = "codes" if kind == "fs" else f"codes-{kind}"
    run_items(
        stage,
        ["stages.embed"],
        items,
        decisive,
        weights,
        compute,
        record,
        params["batch"],
        read_ahead=inputs.read_ahead,
    )


if __name__ == "__main__":
    run_stage(main)
