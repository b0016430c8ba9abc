"""Stage `blend`: the composites."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from stages.codes import official
from stages.codes.appearance import Look
from stages.codes.blending import blend
from stages.codes.embedding import LOSS_SIZE, FSCode, render_code
from stages.codes.reduction import area, bicubic
from stages.engine.command import Log, Precision, Scheme, log_to, run_stage, section
from stages.engine.inputs import Inputs
from stages.engine.items import Item, Result, run_items
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.images import png_bytes
from stages.formats.tensors import tensor_bytes, to_image
from stages.nets import load_generator, load_parser, load_perceptual
from stages.nets.device import choose_device
from stages.nets.precision import chosen, lowered
from stages.regions.masks import region_mask
from stages.settings.manifests import check_hair_only, listed_pairs

LOOK_PARAMS = ("look_mse", "look_rate")  # parameters on which only a pair depends that has another image's look


def main(
    params: Annotated[Any, typer.Option(parser=section("blend"), help="section `blend` of params.yaml, as JSON")],
    method: Annotated[str, typer.Option(help="name of the method, for the record")],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    targets: Annotated[Path, typer.Option(help="folder of the target maps")],
    aligned: Annotated[Path, typer.Option(help="folder of the aligned codes")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser; only the official variant loads it")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the composites and their codes")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    precision: Precision,
    log: Log = None,
) -> None:
    """Blend the aligned references of every pair into one image."""
    log_to(log)
    is_official = params["variant"] == "official"
    with_photos = is_official or params["against"] == "photos"
    listed = listed_pairs(pairs, images)
    if is_official:
        check_hair_only(listed.values(), "blend.variant: official")
    items = []
    for pair in listed.values():
        paths = {"target": targets / f"{pair.pair}.png", "aligned": aligned / f"{pair.pair}.safetensors"}
        looks = pair.painted(scheme)
        for k, image in enumerate(pair.images):
            paths |= {f"face{k}": faces / f"{image}.png"} if with_photos or k in looks else {}
            paths |= {f"map{k}": maps / f"{image}.png"} if is_official or k in looks else {}
        outputs = {"image": out / f"{pair.pair}.png", "code": out / f"{pair.pair}.safetensors"}
        of_looks = {key: params[key] for key in LOOK_PARAMS} if looks else {}
        items.append(Item(pair.pair, paths, outputs, pair.facts | of_looks))
    device = choose_device()
    inputs = Inputs(device, scheme)
    dtype = chosen(precision, device)
    exact = cache(lambda: load_generator(generator, device))
    nets = cache(lambda: (lowered(exact(), dtype), lowered(load_perceptual(perceptual, device), dtype)))
    face_parser = cache(lambda: load_parser(parser, device))

    def masks_of(batch: Sequence[Item], role: str, regions: Sequence[Iterable[int]]) -> Tensor:
        labels = inputs.labels(batch, role)
        return torch.cat([region_mask(labels, indices) for indices in regions], 1)

    def photos_of(batch: Sequence[Item], k: int, size: int) -> Tensor:
        reduce = bicubic if is_official else area
        return reduce(inputs.faces(batch, f"face{k}"), size)

    def looks_of(batch: Sequence[Item], size: int) -> list[Look]:
        return [
            Look(photos_of(batch, k, size), *(masks_of(batch, role, [labels]) for role in (f"map{k}", "target")))
            for k, labels in listed[batch[0].name].painted(scheme).items()
        ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, loss = nets()
        size = min(LOSS_SIZE, net.size)
        taken = listed[batch[0].name].taken(scheme)
        stored = inputs.codes(batch, "aligned")
        f, s = stored["F"], stored["S"]
        photos = None
        if with_photos:
            photos = torch.stack([photos_of(batch, k, size) for k in range(len(taken))], 1)
        progress = Progress(f"{method} " + ", ".join(item.name for item in batch))
        if is_official:
            hair = torch.cat([masks_of(batch, f"map{k}", [[scheme["hair"]]]) for k in (0, 1)], 1)
            masks = official.blend_masks(net, face_parser(), FSCode(f[:, 0], s[:, 0]), hair, params["smooth"])
            code, u, outcome = official.blend(net, loss, f[:, 0], s, photos, masks, params, progress)
        else:
            masks, looks = masks_of(batch, "target", taken), looks_of(batch, size)
            code, u, outcome = blend(net, loss, f, s, masks, params, photos, looks, progress)
        results: list[Result | ItemError] = []
        for i, failure in enumerate(outcome.failures):
            if failure:
                results.append(ItemError(failure))
                continue
            one = FSCode(code.f[i : i + 1], code.s[i : i + 1])
            with torch.no_grad():
                image = png_bytes(to_image(render_code(exact(), one)[0]))
            tensors = tensor_bytes({"F": one.f[0], "S": one.s[0], "u": u[i]})
            results.append(Result({"image": image, "code": tensors}, {"losses": outcome.of(i)}))
        return results

    weights = {"generator": generator, "perceptual": perceptual} | ({"parser": parser} if is_official else {})
    decisive = {key: value for key, value in params.items() if key not in ("batch", *LOOK_PARAMS)}
    decisive["precision"] = precision
    run_items(
        f"composites-{method}", "stages.blend", items, decisive, weights, compute, record, params["batch"],
        read_ahead=inputs.read_ahead,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
