"""How aligned codes become composites, batch by batch."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import cast

import torch
from torch import Tensor

from stages.codes import official_steps as official
from stages.codes.appearance import LookTask
from stages.codes.blending import blend
from stages.codes.embedding import LOSS_SIZE, FSCode, render_code
from stages.codes.reduction import area, bicubic
from stages.engine.items import Item, Result
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.images import png_bytes
from stages.formats.inputs import Inputs
from stages.formats.tensors import tensor_bytes, to_image
from stages.methods import Job, Work
from stages.nets.device import choose_device
from stages.nets.loading import load_generator, load_parser, load_perceptual
from stages.nets.precision import chosen, lowered, name_of
from stages.params.composing import BlendParams
from stages.regions.masks import region_mask
from stages.settings.manifests import check_hair_only

LOOK_PARAMS = ("look_mse", "look_rate")  # parameters on which only a pair depends that has another image's look


def work(job: Job) -> Work:
    """Blend the aligned references of every pair into one image."""
    params, scheme, pairs = cast(BlendParams, job.params), job.scheme, job.pairs
    is_official = params["variant"] == "official"
    with_photos = is_official or params["against"] == "photos"
    if is_official:
        check_hair_only(pairs.values(), "blend.variant: official")
    items = []
    for pair in pairs.values():
        paths = {
            "target": job.folders.targets / f"{pair.pair}.png",
            "aligned": job.folders.aligned / f"{pair.pair}.safetensors",
        }
        looks = pair.painted(scheme)
        for k, image in enumerate(pair.images):
            paths |= {f"face{k}": job.folders.faces / f"{image}.png"} if with_photos or k in looks else {}
            paths |= {f"map{k}": job.folders.maps / f"{image}.png"} if is_official or k in looks else {}
        outputs = {"image": job.out / f"{pair.pair}.png", "code": job.out / f"{pair.pair}.safetensors"}
        of_looks = {key: job.params[key] for key in LOOK_PARAMS} if looks else {}
        items.append(Item(pair.pair, paths, outputs, pair.facts | of_looks))
    device = choose_device(job.tf32)
    inputs = Inputs(device, scheme)
    dtype = chosen(job.precision, device)
    exact = cache(lambda: load_generator(job.weights["generator"], device))
    perceptual = cache(lambda: lowered(load_perceptual(job.weights["perceptual"], device), dtype))
    low = cache(lambda: lowered(exact(), dtype))
    face_parser = cache(lambda: load_parser(job.weights["parser"], device))

    def masks_of(batch: Sequence[Item], role: str, regions: Sequence[Iterable[int]]) -> Tensor:
        labels = inputs.labels(batch, role)
        return torch.cat([region_mask(labels, indices) for indices in regions], 1)

    def photos_of(batch: Sequence[Item], k: int, size: int) -> Tensor:
        reduce = bicubic if is_official else area
        return reduce(inputs.faces(batch, f"face{k}"), size)

    def looks_of(batch: Sequence[Item], size: int) -> list[LookTask]:
        return [
            LookTask(photos_of(batch, k, size), *(masks_of(batch, role, [labels]) for role in (f"map{k}", "target")))
            for k, labels in pairs[batch[0].name].painted(scheme).items()
        ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        net, loss = low(), perceptual()
        size = min(LOSS_SIZE, net.size)
        taken = pairs[batch[0].name].taken(scheme)
        stored = inputs.codes(batch, "aligned")
        f, s = stored["F"], stored["S"]
        photos = None
        if with_photos:
            photos = torch.stack([photos_of(batch, k, size) for k in range(len(taken))], 1)
        progress = Progress(f"{job.name} " + ", ".join(item.name for item in batch))
        if photos is not None and is_official:
            hair = torch.cat([masks_of(batch, f"map{k}", [[scheme["hair"]]]) for k in (0, 1)], 1)
            masks = official.blend_masks(net, face_parser(), FSCode(f[:, 0], s[:, 0]), hair, params["smooth"])
            code, u, outcome = official.blend(net, loss, f[:, 0], s, photos, masks, params, progress)
        else:
            of_target, looks = masks_of(batch, "target", taken), looks_of(batch, size)
            code, u, outcome = blend(net, loss, f, s, of_target, params, photos, looks, progress)
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

    roles = ("generator", "perceptual", "parser") if is_official else ("generator", "perceptual")
    decisive: dict[str, object] = {key: value for key, value in params.items() if key not in ("batch", *LOOK_PARAMS)}
    decisive["precision"] = name_of(dtype)
    return Work(
        items, compute, decisive, {role: job.weights[role] for role in roles}, params["batch"], inputs.read_ahead
    )
