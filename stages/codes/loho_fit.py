"""LOHO (Saha et al., CVPR 2021): a hairstyle by optimising W+ and noise maps, with orthogonalised gradients.

The first stage fits the identity's face and the shape and structure of the hair; the second adds its appearance and
style, and takes out of the structure's gradient what would change them. Sizes, layers and weights are the paper's as
docs/paper.md has them.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.official_steps import masked_distance
from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.codes.reduction import area
from stages.codes.style import official_grams, official_style_loss
from stages.formats.tensors import to_device
from stages.nets.interfaces import Generator, Parser, Perceptual
from stages.params.composing import LohoParams
from stages.regions.masks import dilate, erode, region_mask

SIZE = 256  # px of all losses
PARSER_SIZE = 512
STRUCTURE_FROM = 3  # first of the blocks that carry structure; LPIPS blocks 4 and 5
SMALLEST_NOISE = 8  # px down to which noise must be white
DRAWS = 10_000  # of W, for its spread
JITTER_ENDS = 0.75  # share of the steps after which W+ gets no more noise


class Shown(NamedTuple):
    """An image (B, 3, H, W) in [-1, 1] and where it counts, float (B, 1, H, W) in {0, 1}."""

    image: Tensor
    mask: Tensor


class HairLook(NamedTuple):
    """What hair looks like: the mean of its first features (B, C), and its Gram matrices (B, C_i, C_i)."""

    mean: Tensor
    grams: list[Tensor]


def without_part_along(gradient: Tensor, against: Tensor) -> Tensor:
    """`gradient` (B, n, 512) less its part along `against`, row by row; a zero row of `against` takes nothing away."""
    unit = against / against.norm(dim=2, keepdim=True).clamp_min(torch.finfo(against.dtype).tiny)
    rest: Tensor = gradient - (gradient * unit).sum(2, keepdim=True) * unit
    return rest


def masked_average(features: Tensor, mask: Tensor) -> Tensor:
    """Mean over space (B, C) of features (B, C, h, w) under the nearest pixels of a mask (B, 1, H, W); 0 if empty."""
    weights = functional.interpolate(mask, features.shape[2:], mode="nearest")
    return (features * weights).sum((2, 3)) / weights.sum((2, 3)).clamp_min(math.ulp(1.0))


def look_of(perceptual: Perceptual, image: Tensor, mask: Tensor) -> HairLook:
    """The look of what a mask (B, 1, H, W) selects of an image (B, 3, H, W)."""
    mean = masked_average(perceptual.first_layer(image), mask)
    return HairLook(mean, official_grams(perceptual, image, mask))


def noise_loss(maps: Sequence[Tensor]) -> Tensor:
    """How far noise maps (B, 1, h, w) are from white, (B,): squared autocorrelation at a shift of one pixel.

    At each size down to 8 px, halved by averaging and doubled so that white noise keeps its variance (Karras et al.
    2020, appendix D).
    """
    total = maps[0].new_zeros(len(maps[0]))
    for noise in maps:
        while True:
            for dimension in (2, 3):
                total = total + (noise * noise.roll(1, dimension)).mean((1, 2, 3)).square()
            if noise.shape[-1] <= SMALLEST_NOISE:
                break
            noise = 2 * functional.avg_pool2d(noise, 2)
    return total


def with_gradient(values: Tensor, *parts: tuple[Tensor, Tensor]) -> Tensor:
    """`values` (B,) as they are, whose gradient by each variable (B, …) is the given one."""
    carrier = torch.stack([(variable * gradient).flatten(1).sum(1) for variable, gradient in parts]).sum(0)
    return values.detach() + (carrier - carrier.detach())


def spread_of_w(generator: Generator, seed: int) -> float:
    """Root of the mean squared distance of w from its mean (Karras et al. 2020: σ_w)."""
    gaussian = torch.Generator().manual_seed(seed)
    w = generator.map(torch.randn(DRAWS, 512, generator=gaussian).to(generator.mean_w))
    return (w - generator.mean_w).square().sum(1).mean().sqrt().item()


def _image_gradient(loss: Tensor, image: Tensor) -> Tensor:
    """Gradient of a loss (B,) by the image (B, 3, H, W); its graph stays for the other losses."""
    (gradient,) = torch.autograd.grad(loss.sum(), image, retain_graph=True)
    return gradient


def loho(
    generator: Generator,
    parser: Parser,
    perceptual: Perceptual,
    face: Shown,
    hair: Shown,
    look: Shown,
    params: LohoParams,
    on_step: OnStep | None = None,
) -> tuple[Tensor, list[Tensor], Outcome]:
    """Fit W+ and noise maps to one image's face, another's hair in shape and structure, and a third's in its look.

    Args:
        generator, parser, perceptual: the networks.
        face: the identity and its face.
        hair: the image that gives shape and structure of the hair, and its hair.
        look: the image that gives the hair's look, and its hair; may be the same.
        params: steps, rate and weights.
        on_step: called after each step.

    Returns:
        W+ (B, n, 512), the noise maps (B, 1, h, w), and the last losses.
    """
    batch, size = len(face.image), min(SIZE, generator.size)
    face, hair, look = (
        Shown(area(shown.image, size), functional.interpolate(shown.mask, (size, size), mode="nearest"))
        for shown in (face, hair, look)
    )
    face_mask = face.mask * (1 - dilate(hair.mask, params["smooth"]))
    hair_mask = erode(hair.mask, params["smooth"])
    face_goal, hair_goal = perceptual.features(face.image), perceptual.features(hair.image)
    own_look, goal_look = (look_of(perceptual, *shown) for shown in (hair, look))
    ws = generator.mean_w.repeat(batch, generator.n_styles, 1).requires_grad_()
    noise = [drawn.repeat(batch, 1, 1, 1).requires_grad_() for drawn in generator.draw_noise(params["seed"])]
    strength = params["jitter"] * spread_of_w(generator, params["seed"])
    gaussian = torch.Generator().manual_seed(params["seed"])
    steps, step, styled = params["steps"] + params["style_steps"], 0, torch.zeros_like(hair.mask)

    def jitter() -> Tensor:
        level = strength * max(0.0, 1 - step / steps / JITTER_ENDS) ** 2
        # Drawn on the CPU, so it is the same on every device; and for all items of a batch.
        return level * to_device(torch.randn(ws.shape[1:], generator=gaussian), ws.device)

    def generated_hair() -> Tensor:
        with torch.no_grad():
            labels = parser.logits(generator.synthesis(ws, min(PARSER_SIZE, generator.size), noise)).argmax(1)
            mask = region_mask(labels, parser.scheme.indices("hair"))
        return functional.interpolate(mask, (size, size), mode="nearest")

    def to_look(current: HairLook, goal: HairLook) -> tuple[Tensor, Tensor]:
        mean = params["appearance"] * (current.mean - goal.mean).square().mean(1)
        return mean, params["style"] * official_style_loss(current.grams, goal.grams)

    def losses() -> dict[str, Tensor]:
        nonlocal step, styled
        image = generator.synthesis(ws + jitter(), size, noise)
        # All losses but the noise's are of the image: each gradient is taken there first, then through the generator.
        shown = image.detach().requires_grad_()
        features = perceptual.features(shown)
        keep = params["face"] * masked_distance(perceptual, features, face_goal, face_mask)
        structure = params["hair"] * masked_distance(perceptual, features, hair_goal, hair_mask, STRUCTURE_FROM)
        terms = {"face": keep.detach(), "hair": structure.detach()}
        if step < params["steps"]:
            pulled = _image_gradient(keep + structure, shown)
            w_gradient, *noise_gradients = torch.autograd.grad(image, [ws, *noise], pulled)
        else:
            if step == params["steps"]:
                styled = generated_hair()
            current = look_of(perceptual, shown, styled)
            terms |= dict(zip(("appearance", "style"), to_look(current, goal_look), strict=True))
            pulls = (
                keep + terms["appearance"] + terms["style"],
                structure,
                cast("Tensor", sum(to_look(current, own_look))),
            )
            to_all, to_structure, to_own_look = (_image_gradient(pull, shown) for pull in pulls)
            w_gradient, *noise_gradients = torch.autograd.grad(image, [ws, *noise], to_all, retain_graph=True)
            (of_structure,) = torch.autograd.grad(image, ws, to_structure, retain_graph=True)
            (of_own_look,) = torch.autograd.grad(image, ws, to_own_look)
            w_gradient = w_gradient + without_part_along(of_structure, of_own_look)
        terms = {name: term.detach() for name, term in terms.items()}
        terms["face"] = with_gradient(terms["face"], (ws, w_gradient), *zip(noise, noise_gradients, strict=True))
        terms["noise"] = params["noise"] * noise_loss(noise)
        step += 1
        return terms

    def normalise() -> None:
        for variable in noise:
            centred = variable - variable.mean((1, 2, 3), keepdim=True)
            variable.copy_(centred / centred.square().mean((1, 2, 3), keepdim=True).sqrt())

    variables = [Variable(ws, params["rate"]), *(Variable(drawn, params["noise_rate"]) for drawn in noise)]
    outcome = optimise(variables, losses, steps, on_step, normalise, schedule="late")
    return ws.detach(), [variable.detach() for variable in noise], outcome
