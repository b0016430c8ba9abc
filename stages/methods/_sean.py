"""How SEAN is run on pairs: codes of all images, one of them for each region, and the target map."""

from collections.abc import Sequence
from functools import cache
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stages.engine.items import Item, Result, items_of_pairs
from stages.errors import ItemError
from stages.formats.images import png_bytes, read_rgb
from stages.formats.label_maps import read_label_map
from stages.formats.tensors import from_labels, from_rgb, to_image
from stages.methods import Job, Work
from stages.nets.device import choose_device
from stages.nets.loading import load_translator
from stages.nets.sean_net import SEAN, SIZE
from stages.regions.labels import CELEBAMASK_19, CELEBAMASK_HQ, to_celebamask_hq
from stages.regions.pair import Pair

SEED = 0  # of the noise; the official demo seeds it so before every image


def work(job: Job) -> Work:
    """Make every pair's image at 256 px, and enlarge it to the size of the faces.

    The background is made anew, too: the method has no other. As in the official code, labels are reduced to the
    nearest pixel and photos bicubically.
    """
    items = items_of_pairs(job.pairs.values(), job.folders.faces, job.folders.maps, job.folders.targets, job.out)
    device = choose_device(job.tf32)

    @cache
    def net() -> SEAN:
        return cast("SEAN", load_translator(job.weights["sean"], device))

    def labels(item: Item, role: str) -> Tensor:
        own = to_celebamask_hq(read_label_map(item.inputs[role], job.scheme))
        small = Image.fromarray(own).resize((SIZE, SIZE), Image.Resampling.NEAREST)
        return from_labels(np.array(small), device)

    def codes(face: np.ndarray, own: Tensor) -> Tensor:
        small = Image.fromarray(face).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        return net().codes(from_rgb(np.array(small), device), own)[0]

    @torch.no_grad()
    def composed(item: Item) -> Result:
        pair, target = job.pairs[item.name], labels(item, "target")
        faces = [read_rgb(item.inputs[f"face{k}"]) for k in range(len(pair.images))]
        of_images = torch.stack([codes(face, labels(item, f"map{k}")) for k, face in enumerate(faces)])
        mixed, facts = mixed_codes(of_images, owners(pair), target.unique().tolist())
        noise = [plane.to(device) for plane in net().draw_noise(SEED)]
        image = to_image(net().synthesis(target, mixed[None], noise)[0])
        edge = len(faces[0])
        enlarged = image.resize((edge, edge), Image.Resampling.LANCZOS)
        return Result({"image": png_bytes(enlarged)}, facts)

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        return [composed(item) for item in batch]

    return Work(items, compute, {"size": SIZE, "seed": SEED}, job.weights)


def owners(pair: Pair) -> list[int]:
    """For each label of CELEBAMASK_HQ, the number in `pair.images` of the image that it has its look from."""
    found = [0] * len(CELEBAMASK_HQ)
    looks = [*enumerate(pair.taken(CELEBAMASK_19)), *pair.painted(CELEBAMASK_19).items()]
    for k, labels in looks:  # a look of another image comes last, and counts
        for label in labels:
            found[CELEBAMASK_HQ.index(CELEBAMASK_19.labels[label])] = k
    return found


def mixed_codes(codes: Tensor, owner: Sequence[int], shown: Sequence[int]) -> tuple[Tensor, dict[str, object]]:
    """Codes (19, 512) of one image, label by label from its owner, of the codes (N, 19, 512) of all images.

    The owner may not show the region. Then the code is that of its other side, left or right, or comes from the
    identity or another image of the pair, in this order. The official code takes a mean over its data set instead,
    whose file is not part of the checkpoint. What no image shows keeps the code 0.

    Args:
        codes: 0 where an image does not show a region.
        owner: number of the image that a label's code should come from.
        shown: labels that the target map shows; of these it is recorded where their codes come from.

    Returns:
        The codes, and what is worth remembering: by label, `borrowed` says whose code it got, `without_code` that none.
    """
    mixed, borrowed, without = torch.zeros_like(codes[0]), {}, []
    present = codes.abs().amax(2) > 0
    for label, name in enumerate(CELEBAMASK_HQ):
        images = [owner[label], *(k for k in range(len(codes)) if k != owner[label])]
        sides = [label, *_other_side(name)]
        source = next(((k, side) for k in images for side in sides if present[k, side]), None)
        if source is not None:
            mixed[label] = codes[source]
        if label in shown and source is None:
            without.append(name)
        elif label in shown and source != (owner[label], label):
            k, side = cast("tuple[int, int]", source)
            borrowed[name] = f"{CELEBAMASK_HQ[side]} of face{k}"
    return mixed, {"borrowed": borrowed, "without_code": without}


def _other_side(name: str) -> list[int]:
    """The label of the same part on the other side of the face, if it has sides."""
    side, _, part = name.partition("_")
    other = {"left": "right", "right": "left"}.get(side)
    return [] if other is None else [CELEBAMASK_HQ.index(f"{other}_{part}")]
