"""Alignment and blending as the official code does them, where it leaves the paper: `variant: official`.

Facts from ZPdesu/Barbershop; docs/paper.md lists them. Not kept are its slips: noise redrawn at every forward
(ours is fixed), saved latents that lag one optimiser step, and loss networks that stay trainable; photos are reduced
bicubically like renders, where the code has Pillow's Lanczos filter. Hair is taken from one reference; the official
code knows no other transfer.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.embedding import FSCode, render_code
from stages.codes.official_target import ROWS, cross_entropy, parse
from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.codes.reduction import bicubic
from stages.codes.style import SMALL, official_grams, official_style_loss
from stages.nets.interfaces import Generator, Parser, Perceptual
from stages.nets.sliced_network import distance_map
from stages.params.align_section import AlignParams
from stages.params.composing import BlendParams
from stages.regions.masks import region_mask
from stages.regions.official_masks import grow, shrink


def small_mask(mask: Tensor) -> Tensor:
    """Bring a mask (B, 1, H, W) to 256 px by taking the nearest pixel."""
    return functional.interpolate(mask, (SMALL, SMALL), mode="nearest")


def morphed(mask: Tensor, pixels: int, growing: bool) -> Tensor:
    """Dilate (`growing`) or erode a binary mask (B, 1, 256, 256) by a cross of so many pixels; float, on its device."""
    change = grow if growing else shrink
    planes = mask[:, 0].cpu().numpy() > 0
    return torch.from_numpy(np.stack([change(plane, pixels) for plane in planes])[:, None]).to(mask)


def to_grid_bicubic(mask: Tensor, size: int = 32) -> Tensor:
    """Bring a mask (B, 1, 256, 256) to F's grid: bicubic, not antialiased and not clamped, so within [-0.16, 1.16]."""
    return functional.interpolate(mask, (size, size), mode="bicubic")


def mix_in_three_steps(
    f: Tensor,
    f_identity: Tensor,
    f_aligned: Tensor,
    f_reference: Tensor,
    hair: Tensor,
    hair_target: Tensor,
    smooth: int,
) -> Tensor:
    """The F of the composite, (B, C, 32, 32), mixed in three steps.

    Args:
        f: of the aligned identity, which fills what neither image shows.
        f_identity: of the identity's embedding; kept outside of its own and the target's hair.
        f_aligned: of the aligned reference; taken inside the target's hair.
        f_reference: of the reference's embedding; taken where its hair is in place already.
        hair: hair masks of identity and reference, (B, 2, 512, 512), 0 or 1.
        hair_target: hair mask of the target map (B, 1, 512, 512).
        smooth: pixels at 256 px by which the first mask grows and the others shrink.
    """
    own, reference, target = (small_mask(m) for m in (hair[:, :1], hair[:, 1:], hair_target))
    any_hair = morphed(torch.maximum(own, target), smooth, growing=True)
    new_hair = morphed(target, smooth, growing=False)
    in_place = morphed(reference * target, smooth, growing=False)
    mixed = f_identity + to_grid_bicubic(any_hair) * (f - f_identity)
    mixed = mixed + to_grid_bicubic(new_hair) * (f_aligned - mixed)
    return mixed + to_grid_bicubic(in_place) * (f_reference - mixed)


def align(
    generator: Generator,
    parser: Parser,
    perceptual: Perceptual,
    ws: Tensor,
    code: FSCode,
    target: Tensor,
    styled: bool,
    params: AlignParams,
    on_step: OnStep | None = None,
) -> tuple[Tensor, Outcome]:
    """F (B, C, 32, 32) of W+ whose first six rows moved until the image parses as the target map.

    Args:
        generator, parser, perceptual: the networks.
        ws: the W+ embedding (B, n, 512).
        code: the FS embedding, whose S are the last rows; row 6 comes from W+.
        target: target label maps, int64 (B, H, W).
        styled: whether hair must keep its look (the reference) or not (the identity).
        params: steps, rate and weights.
        on_step: called after each step.
    """
    moving = ws[:, :ROWS].clone().requires_grad_()
    still = torch.cat([ws[:, ROWS : generator.n_structure], code.s], 1)
    hair = (parser.scheme["hair"],)

    def hair_grams(image: Tensor, logits: Tensor) -> list[Tensor]:
        small = bicubic(image, SMALL)
        mask = functional.interpolate(region_mask(logits.argmax(1), hair), small.shape[2:], mode="nearest")
        return official_grams(perceptual, small, mask)

    goal: list[Tensor] = []
    if styled:
        with torch.no_grad():
            image = generator.synthesis(torch.cat([moving, still], 1))
            goal = hair_grams(image, parse(parser, image))

    def losses() -> dict[str, Tensor]:
        image = generator.synthesis(torch.cat([moving, still], 1))
        logits = parse(parser, image)
        terms = {"cross-entropy": params["cross_entropy"] * cross_entropy(logits, target)}
        if styled:
            terms["style"] = params["style"] * official_style_loss(hair_grams(image, logits), goal)
        return terms

    steps = params["reference_steps"] if styled else params["steps"]
    outcome = optimise([Variable(moving, params["rate"])], losses, steps, on_step, schedule="constant")
    with torch.no_grad():
        return generator.features(torch.cat([moving, still], 1)), outcome


def blend_masks(generator: Generator, parser: Parser, code: FSCode, hair: Tensor, smooth: int) -> tuple[Tensor, Tensor]:
    """Where the composite must look like the identity, and where like the reference; both (B, 1, 256, 256).

    Args:
        generator, parser: the networks.
        code: F mixed and S of the identity.
        hair: hair masks of identity and reference, (B, 2, 512, 512).
        smooth: pixels at 256 px by which hair grows for the first mask and shrinks for the second.
    """
    with torch.no_grad():
        labels = parse(parser, render_code(generator, code)).argmax(1)
    masks = [small_mask(m) for m in (hair[:, :1], hair[:, 1:], region_mask(labels, (parser.scheme["hair"],)))]
    face = torch.ones_like(masks[0])
    for mask in masks:
        face = face * (1 - morphed(mask, smooth, growing=True))
    return face, morphed(masks[1], smooth, growing=False)


def masked_distance(perceptual: Perceptual, a: list[Tensor], b: list[Tensor], mask: Tensor, start: int = 0) -> Tensor:
    """Masked LPIPS (B,) from features; the mask (B, 1, H, W) is brought to each block's size by its nearest pixel.

    Blocks before `start` (from 0) do not count.

    An item is divided by its own mask's sum, and an empty mask gives 0; the official code divides by that of the whole
    batch, which is one item, and an empty mask gives it NaN.
    """
    total = a[0].new_zeros(len(a[0]))
    for i in range(start, len(a)):
        weights = functional.interpolate(mask, a[i].shape[2:], mode="nearest")
        spatial = distance_map(perceptual, i, a[i], b[i])
        total = total + (spatial * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp_min(math.ulp(1.0))
    return total


def blend(
    generator: Generator,
    perceptual: Perceptual,
    f: Tensor,
    s: Tensor,
    photos: Tensor,
    masks: tuple[Tensor, Tensor],
    params: BlendParams,
    on_step: OnStep | None = None,
) -> tuple[FSCode, Tensor, Outcome]:
    """S = S_identity + u (S_reference − S_identity) with u from 0 clamped to [0, 1], against the photos.

    Args:
        generator, perceptual: the networks.
        f: structure of the composite (B, C, 32, 32).
        s: S of identity and reference (B, 2, n - m, 512).
        photos: the two photos (B, 2, 3, h, w) at the size of the losses, 256 px.
        masks: as `blend_masks` gives them.
        params: steps, rate and number of feature blocks.
        on_step: called after each step.

    Returns:
        The blended code, the weights of both (B, 2, n - m, 512), and the last losses.
    """
    goals = [perceptual.features(photos[:, k], params["blocks"]) for k in (0, 1)]
    u = torch.zeros_like(s[:, 0]).requires_grad_()

    def mixed() -> FSCode:
        return FSCode(f, s[:, 0] + u * (s[:, 1] - s[:, 0]))

    def losses() -> dict[str, Tensor]:
        image = bicubic(render_code(generator, mixed()), SMALL)
        features = perceptual.features(image, params["blocks"])
        return {
            name: masked_distance(perceptual, features, goal, mask)
            for name, goal, mask in zip(("face", "hair"), goals, masks, strict=True)
        }

    def clamp() -> None:
        u.clamp_(0, 1)

    outcome = optimise([Variable(u, params["rate"])], losses, params["steps"], on_step, clamp, schedule="constant")
    u.requires_grad_(False)
    return mixed(), torch.stack([1 - u, u], 1), outcome
