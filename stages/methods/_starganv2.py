"""How StarGAN v2 is run on pairs: both faces come to CelebA-HQ's frame, one changes its style, and is laid back."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stages.engine.items import Item, Result
from stages.errors import ItemError
from stages.formats.images import png_bytes, read_rgb
from stages.formats.tensors import from_rgb, to_image
from stages.methods import Job, Work
from stages.nets.device import choose_device
from stages.nets.fan import landmarks
from stages.nets.loading import load_translator
from stages.nets.starganv2_align import MeanLandmarks, aligned, laid_back, similarity
from stages.nets.starganv2_net import DOMAINS, SIZE, StarGANv2
from stages.settings.manifests import check_hair_only


class Framed(NamedTuple):
    """A face in CelebA-HQ's frame (1, 3, 256, 256) in [-1, 1], and the matrix (3, 3) by which it came there."""

    image: Tensor
    matrix: np.ndarray


def work(job: Job) -> Work:
    """Change the style of every pair's identity at 256 px, and lay it over the identity at the size of the faces.

    As in the official code, photos are reduced bilinearly, and aligned ones are 8-bit images. It finds the landmarks by
    FAN's own file, which training leaves as it is, so here FAN of the checkpoint finds them. The result is laid back
    here; beyond the frame the identity's own pixels stay.
    """
    check_hair_only(job.pairs.values(), "StarGAN v2")
    items = [
        Item(
            pair.pair,
            {f"face{k}": job.folders.faces / f"{image}.png" for k, image in enumerate(pair.images)},
            {"image": job.out / f"{pair.pair}.png"},
            pair.facts,
        )
        for pair in job.pairs.values()
    ]
    device, domain = choose_device(job.tf32), cast("Mapping[str, str]", job.choice)["domain"]

    @cache
    def net() -> StarGANv2:
        return cast("StarGANv2", load_translator(job.weights["starganv2"], device))

    @cache
    def mean() -> np.ndarray:
        table = cast("MeanLandmarks", load_translator(job.weights["starganv2_landmarks"], torch.device("cpu")))
        return table.mean.double().numpy()

    @torch.no_grad()
    def composed(item: Item) -> Result | ItemError:
        face, reference = (read_rgb(item.inputs[role]) for role in ("face0", "face1"))
        identity, look = (framed(net(), each, mean(), device) for each in (face, reference))
        if identity is None or look is None:
            lost = " and ".join(f"face{k}" for k, each in enumerate((identity, look)) if each is None)
            return ItemError(f"StarGAN v2 cannot align {lost}: FAN puts its landmarks at one place")
        errors = own_errors(net(), look.image) if domain == "auto" else {}
        chosen = min(errors, key=errors.__getitem__) if errors else domain
        changed = translated(net(), identity.image, look.image, chosen)
        composite, outside = laid_back(face, np.asarray(to_image(changed[0])), identity.matrix)
        facts = {"domain": chosen, "own_errors": errors, "outside": outside}
        return Result({"image": png_bytes(Image.fromarray(composite))}, facts)

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        return [composed(item) for item in batch]

    return Work(items, compute, {"size": SIZE, "domain": domain}, job.weights)


def framed(net: StarGANv2, face: np.ndarray, mean: np.ndarray, device: torch.device) -> Framed | None:
    """A face, uint8 (E, E, 3), in CelebA-HQ's frame; None if its landmarks have no extent, as without a face.

    `mean`: the landmarks (98, 2) of the frame in px.
    """
    small = np.array(Image.fromarray(face).resize((SIZE, SIZE), Image.Resampling.BILINEAR))
    points = landmarks(net.fan(from_rgb(small, device)))[0].double().cpu().numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        matrix = similarity(points, mean)
    if not np.isfinite(matrix).all():
        return None
    image = to_image(torch.from_numpy(aligned(small, matrix)).permute(2, 0, 1))
    return Framed(from_rgb(np.array(image), device), matrix)


def translated(net: StarGANv2, image: Tensor, reference: Tensor, domain: str) -> Tensor:
    """A face (1, 3, 256, 256) in the style of a reference of the same shape, read as one of a domain."""
    style = net.style(reference, torch.tensor([DOMAINS.index(domain)]))
    return net.synthesis(image, style, net.masks(image))


def own_errors(net: StarGANv2, reference: Tensor) -> dict[str, float]:
    """By domain, the mean absolute difference of a reference (1, 3, 256, 256) from itself in its own style.

    Of the style encoder's two heads one was trained on images like this one, with this difference as a loss (of an
    image that was translated and back). The other has not seen such images, and should rebuild it worse. No label is
    needed; nobody published how often this tells the right domain.
    """
    return {
        domain: (translated(net, reference, reference, domain) - reference).abs().mean().item() for domain in DOMAINS
    }
