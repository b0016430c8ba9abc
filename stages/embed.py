"""Stage `embed`: the W+ and FS codes of the faces, and what they render to."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from stages.codes.embedding import FSCode, Objective, embed_fs, embed_w, render_code
from stages.command import Log, Precision, Progress, choose_device, log_to, run_stage, section
from stages.config import read_faces
from stages.errors import ItemError
from stages.files import png_bytes, read_rgb
from stages.items import Item, Result, run_items
from stages.nets import load_generator, load_perceptual
from stages.nets.precision import chosen, lowered
from stages.tensors import from_rgb, tensor_bytes, to_image


def main(
    params: Annotated[Any, typer.Option(parser=section("embed"), help="section `embed` of params.yaml, as JSON")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the codes")],
    reconstructions: Annotated[Path, typer.Option(help="folder of the renders, one folder below it a kind of code")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    precision: Precision,
    log: Log = None,
) -> None:
    """Embed every face: II2S into W+, then F and S; render both."""
    log_to(log)
    items = [
        Item(
            face.image,
            {"face": faces / f"{face.image}.png"},
            {
                "code": out / f"{face.image}.safetensors",
                "w": reconstructions / "w" / f"{face.image}.png",
                "fs": reconstructions / "fs" / f"{face.image}.png",
            },
        )
        for face in read_faces(images)
    ]
    device = choose_device()
    dtype = chosen(precision, device)
    exact = cache(lambda: load_generator(generator, device))
    nets = cache(lambda: (lowered(exact(), dtype), lowered(load_perceptual(perceptual, device), dtype)))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, loss = nets()
        title = ", ".join(item.name for item in batch)
        goal = torch.cat([from_rgb(read_rgb(item.inputs["face"]), device) for item in batch])
        objective = Objective(net, loss, goal, params["variant"])
        ws, w_outcome = embed_w(net, objective, params["w"], Progress(f"W+ of {title}"))
        code, fs_outcome = embed_fs(net, objective, ws, params["fs"], Progress(f"FS of {title}"))
        results: list[Result | ItemError] = []
        for i, failure in enumerate(map(_either, w_outcome.failures, fs_outcome.failures)):
            if failure is not None:
                results.append(ItemError(failure))
                continue
            w, fs = ws[i : i + 1], FSCode(code.f[i : i + 1], code.s[i : i + 1])
            with torch.no_grad():
                renders = {
                    "w": png_bytes(to_image(exact().synthesis(w)[0])),
                    "fs": png_bytes(to_image(render_code(exact(), fs)[0])),
                }
            facts = {"w_losses": w_outcome.of(i), "fs_losses": fs_outcome.of(i)}
            contents = {"code": tensor_bytes({"W": w[0], "F": fs.f[0], "S": fs.s[0]}, facts)}
            results.append(Result(contents | renders, facts))
        return results

    weights = {"generator": generator, "perceptual": perceptual}
    decisive = {key: value for key, value in params.items() if key != "batch"} | {"precision": precision}
    run_items("codes", "stages.embed", items, decisive, weights, compute, record, params["batch"])


def _either(first: str | None, second: str | None) -> str | None:
    return first or second


if __name__ == "__main__":
    run_stage(main)
