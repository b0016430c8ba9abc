"""Stage `blend`: the composites."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch.nn import functional

from stages.codes.blending import blend
from stages.codes.embedding import LOSS_SIZE, FSCode, render_code
from stages.command import Log, Progress, choose_device, log_to, run_stage, section
from stages.config import read_faces, read_pairs
from stages.errors import ItemError
from stages.files import png_bytes, read_label_map, read_rgb
from stages.items import Item, Result, run_items
from stages.nets import load_generator, load_perceptual
from stages.regions.labels import CELEBAMASK_19
from stages.regions.masks import region_mask
from stages.regions.pair import Pair
from stages.tensors import from_labels, from_rgb, read_tensors, tensor_bytes, to_image


def main(
    params: Annotated[Any, typer.Option(parser=section("blend"), help="section `blend` of params.yaml, as JSON")],
    method: Annotated[str, typer.Option(help="name of the method, for the record")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    targets: Annotated[Path, typer.Option(help="folder of the target maps")],
    aligned: Annotated[Path, typer.Option(help="folder of the aligned codes")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the composites and their codes")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Blend the aligned references of every pair into one image."""
    log_to(log)
    scheme = CELEBAMASK_19
    against_photos = params["against"] == "photos"
    listed: dict[str, Pair] = {p.pair: p for p in read_pairs(pairs, [face.image for face in read_faces(images)])}
    items = []
    for pair in listed.values():
        inputs = {"target": targets / f"{pair.pair}.png", "aligned": aligned / f"{pair.pair}.safetensors"}
        if against_photos:
            inputs |= {f"face{k}": faces / f"{image}.png" for k, image in enumerate(pair.references)}
        outputs = {"image": out / f"{pair.pair}.png", "code": out / f"{pair.pair}.safetensors"}
        items.append(Item(pair.pair, inputs, outputs, pair.facts))
    device = choose_device()
    nets = cache(lambda: (load_generator(generator, device), load_perceptual(perceptual, device)))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, loss = nets()
        taken = listed[batch[0].name].taken(scheme)
        stored = [read_tensors(item.inputs["aligned"], device) for item in batch]
        f, s = (torch.stack([code[key] for code in stored]) for key in ("F", "S"))
        target = torch.cat([from_labels(read_label_map(item.inputs["target"], scheme), device) for item in batch])
        masks = torch.cat([region_mask(target, labels) for labels in taken], 1)
        photos = None
        if against_photos:
            images = [[from_rgb(read_rgb(i.inputs[f"face{k}"]), device) for k in range(len(taken))] for i in batch]
            photos = torch.stack(
                [functional.interpolate(torch.cat(each), (LOSS_SIZE, LOSS_SIZE), mode="area") for each in images]
            )
        title = ", ".join(item.name for item in batch)
        code, u, outcome = blend(net, loss, f, s, masks, params, photos, Progress(f"{method} {title}"))
        results: list[Result | ItemError] = []
        for i, failure in enumerate(outcome.failures):
            if failure:
                results.append(ItemError(failure))
                continue
            one = FSCode(code.f[i : i + 1], code.s[i : i + 1])
            with torch.no_grad():
                image = png_bytes(to_image(render_code(net, one)[0]))
            tensors = tensor_bytes({"F": one.f[0], "S": one.s[0], "u": u[i]})
            results.append(Result({"image": image, "code": tensors}, {"losses": outcome.of(i)}))
        return results

    weights = {"generator": generator, "perceptual": perceptual}
    decisive = {key: value for key, value in params.items() if key != "batch"}
    run_items(f"composites-{method}", "stages.blend", items, decisive, weights, compute, record, params["batch"])


if __name__ == "__main__":
    run_stage(main)
