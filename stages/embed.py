"""Stage `embed`: the codes of the faces, and what they render to."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer

from stages.codes.embedding import SPACES, FSCode, Objective, embed_fs, embed_w, render_code
from stages.engine.command import TF32, Log, Names, Precision, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.images import png_bytes
from stages.formats.inputs import Inputs
from stages.formats.tensors import tensor_bytes, to_image
from stages.nets.device import choose_device
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
    kind: Annotated[str, typer.Option(help=f"kind of embedding: fs, or one of {', '.join(SPACES)}")] = "fs",
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Embed every face; `fs`: II2S into W+, then F and S, and render both."""
    log_to(log)
    rendered = ["w", "fs"] if kind == "fs" else [kind]
    items = [
        Item(
            name,
            {"face": faces / f"{name}.png"},
            {"code": out / f"{name}.safetensors"} | {code: reconstructions / code / f"{name}.png" for code in rendered},
        )
        for name in sorted(names)
    ]
    device = choose_device(tf32)
    inputs = Inputs(device)
    dtype = chosen(precision, device)
    exact = cache(lambda: load_generator(generator, device))
    nets = cache(lambda: (lowered(exact(), dtype), lowered(load_perceptual(perceptual, device), dtype)))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, loss = nets()
        title = ", ".join(item.name for item in batch)
        objective = Objective(net, loss, inputs.faces(batch, "face"), params["variant"])
        first = rendered[0]
        ws, outcome = embed_w(net, objective, params["w"], Progress(f"{first} of {title}"), SPACES[first])
        outcomes, code = {first: outcome}, None
        if kind == "fs":
            code, outcomes["fs"] = embed_fs(net, objective, ws, params["fs"], Progress(f"fs of {title}"))
        results: list[Result | ItemError] = []
        for i in range(len(batch)):
            if failure := next((o.failures[i] for o in outcomes.values() if o.failures[i]), None):
                results.append(ItemError(failure))
                continue
            w, tensors = ws[i : i + 1], {"W": ws[i]}
            with torch.no_grad():
                renders = {first: png_bytes(to_image(exact().synthesis(w)[0]))}
                if code is not None:
                    fs = FSCode(code.f[i : i + 1], code.s[i : i + 1])
                    renders["fs"] = png_bytes(to_image(render_code(exact(), fs)[0]))
                    tensors |= {"F": fs.f[0], "S": fs.s[0]}
            facts = {f"{name}_losses": outcome.of(i) for name, outcome in outcomes.items()}
            results.append(Result({"code": tensor_bytes(tensors, facts)} | renders, facts))
        return results

    weights = {"generator": generator, "perceptual": perceptual}
    used: tuple[Literal["variant", "w", "fs"], ...] = ("variant", "w", "fs") if kind == "fs" else ("variant", "w")
    decisive = {key: params[key] for key in used} | {"precision": name_of(dtype)}
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
