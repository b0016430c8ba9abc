"""How LOHO is run on pairs, batch by batch."""

from collections.abc import Sequence
from functools import cache
from typing import cast

import numpy as np
import torch
from PIL import Image

from stages.codes.loho_fit import Shown, loho
from stages.engine.items import Item, Result, items_of_pairs
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.images import png_bytes, read_rgb
from stages.formats.inputs import Inputs
from stages.formats.label_maps import read_label_map
from stages.formats.tensors import to_image
from stages.methods import Job, Work
from stages.nets.device import choose_device
from stages.nets.interfaces import Generator, Parser, Perceptual
from stages.nets.loading import load_generator, load_parser, load_perceptual
from stages.nets.precision import chosen, lowered, name_of
from stages.params.composing import LohoParams
from stages.regions.masks import region_mask
from stages.regions.pasting import soft_blend, without_foreground
from stages.settings.manifests import check_hair_only

MARGIN = 8  # px at 512 px around the identity's hair and face that the inpainted background replaces too
SOFT = 3.0  # px at 512 px, of the border between the generated image and the background


def work(job: Job) -> Work:
    """Optimise W+ and noise for every pair, and lay hair and face over the identity's background."""
    params, scheme, pairs = cast(LohoParams, job.params), job.scheme, job.pairs
    check_hair_only(pairs.values(), "LOHO", looks=True)
    items = items_of_pairs(pairs.values(), job.folders.faces, job.folders.maps, job.folders.targets, job.out)
    device = choose_device(job.tf32)
    inputs = Inputs(device, scheme)
    dtype = chosen(job.precision, device)
    exact = cache(lambda: load_generator(job.weights["generator"], device))

    @cache
    def nets() -> tuple[Generator, Parser, Perceptual]:
        face_parser, perceptual = (
            load_parser(job.weights["parser"], device),
            load_perceptual(job.weights["perceptual"], device),
        )
        return lowered(exact(), dtype), lowered(face_parser, dtype), lowered(perceptual, dtype)

    def shown(batch: Sequence[Item], k: int, region: str) -> Shown:
        labels = inputs.labels(batch, f"map{k}")
        return Shown(inputs.faces(batch, f"face{k}"), region_mask(labels, scheme.indices(region)))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        pair = pairs[batch[0].name]  # pairs of a batch have the same columns
        face, hair = shown(batch, 0, "face"), shown(batch, 1, "hair")
        look = shown(batch, pair.images.index(pair.appearance["hair"]), "hair") if pair.appearance else hair
        progress = Progress(f"{job.name} " + ", ".join(item.name for item in batch))
        ws, noise, outcome = loho(*nets(), face, hair, look, params, progress)
        results: list[Result | ItemError] = []
        for i, failure in enumerate(outcome.failures):
            if failure:
                results.append(ItemError(failure))
                continue
            with torch.no_grad():
                image = to_image(exact().synthesis(ws[i : i + 1], noise=[n[i : i + 1] for n in noise])[0])
            composite = composed(np.asarray(image), batch[i])
            results.append(Result({"image": png_bytes(Image.fromarray(composite))}, {"losses": outcome.of(i)}))
        return results

    def composed(image: np.ndarray, item: Item) -> np.ndarray:
        labels, target = (read_label_map(item.inputs[role], scheme) for role in ("map0", "target"))
        in_front = [*scheme.indices("hair"), *scheme.indices("face")]
        background = without_foreground(read_rgb(item.inputs["face0"]), np.isin(labels, in_front), MARGIN)
        return soft_blend(image, background, np.isin(target, in_front), SOFT)

    decisive = {key: value for key, value in params.items() if key != "batch"} | {"precision": name_of(dtype)}
    return Work(items, compute, decisive, job.weights, params["batch"], inputs.read_ahead)
