"""Alignment of a reference to the target map, and the structure mix that keeps what fits already (paper, 3.4)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from stages.codes.embedding import unwhiten, whiten
from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.codes.reduction import area
from stages.codes.style import STYLE_BLOCKS, masked_grams, share_of_grams
from stages.nets.interfaces import Generator, Parser, Perceptual
from stages.nets.sliced_network import masked_mean
from stages.params.align_section import AlignParams
from stages.regions.masks import region_mask

IMAGE_SIZE = 256  # px at which images are compared and Gram matrices taken
PARSER_SIZE = 512


class Known(NamedTuple):
    """What must stay as it is: an image (B, 3, H, W) in [-1, 1], and where, float (B, 1, H, W) in [0, 1]."""

    image: Tensor
    mask: Tensor


class Style(NamedTuple):
    """What is taken from a reference: its labels, and where they are in its own map, float (B, 1, H, W)."""

    labels: tuple[int, ...]
    mask: Tensor


def target_loss(logits: Tensor, target: Tensor, guesses: Tensor, allowed: Sequence[Tensor]) -> Tensor:
    """Cross-entropy (B, H, W) of logits (B, K, H, W) with a target map (B, H, W).

    Where `guesses` (B, H, W) is a number k > 0 the map is a guess: any of the labels `allowed[k - 1]` (N,) will do.
    """
    log_p = logits.log_softmax(1)
    found = log_p.gather(1, target[:, None])[:, 0]
    for number, labels in enumerate(allowed, 1):
        found = torch.where(guesses == number, log_p.index_select(1, labels).logsumexp(1), found)
    return -found


def align(
    generator: Generator,
    parser: Parser,
    perceptual: Perceptual,
    ws: Tensor,
    own: Tensor,
    target: Tensor,
    guesses: Tensor,
    known: Known,
    style: Style | None,
    params: AlignParams,
    on_step: OnStep | None = None,
) -> tuple[Tensor, Outcome]:
    """Find leading rows of W+ whose image parses as the target map and shows what is known of it.

    They move in the PCA-whitened space of W: steps of equal size along the axes of W itself soon leave the faces,
    and skin that fills a hole turns white or pink. The paper starts at the embedding and has no term for what is
    known. But from an embedding with long hair no path leads to a face without it: strands and veils stay, which the
    parser does not mind. From the mean face (`start` 0) a face without that hair is near, and what is known pulls it
    to this person and background.

    Args:
        generator: what renders.
        parser: what the cross-entropy is taken on.
        perceptual: network of the style loss.
        ws: the W+ embedding (B, n, 512).
        own: the reference's own label maps, int64 (B, 512, 512).
        target: target label maps, likewise.
        guesses: likewise, bool or a whole number: 1 where skin of the target map is a guess, because what covered it
            is gone, so brow or ear will do; 2 where nobody knows what hair hid, so all that it may hide will do.
        known: what must stay as it is.
        style: what must keep its look while it changes shape; None for nothing.
        params: steps, rate and weights. The perceptual distance of what is known takes 40 % of a step; it is taken at
            every `perceptual_every`-th step and its gradient counts so many times.
        on_step: called after each step.

    Returns:
        The moved W+ (B, n, 512), and the last losses.
    """
    moving = (params["start"] * whiten(ws[:, : params["rows"]], generator)).requires_grad_()
    still = ws[:, params["rows"] :]
    # Where the map stays the embedding's own F is kept, so what has to change counts more.
    weights = 1 + params["focus"] * (own != target)
    weights = weights / weights.sum((1, 2), keepdim=True)
    kept = params["mse"] > 0 or params["perceptual"] > 0
    if kept:
        goal_image, kept_mask = area(known.image, IMAGE_SIZE), area(known.mask, IMAGE_SIZE)
        goal_features = perceptual.features(goal_image)
    steps, step, every, distance = params["steps"], 0, params["perceptual_every"], torch.zeros(len(ws)).to(ws)
    styled = style if params["style"] > 0 else None
    scheme = parser.scheme
    allowed = [torch.tensor(each, device=target.device) for each in (scheme.uncovered_indices, scheme.hidden_indices)]

    def grams_of(image: Tensor, mask: Tensor) -> list[Tensor]:
        return masked_grams(perceptual.features(image * mask, STYLE_BLOCKS), mask)

    if styled is not None:
        with torch.no_grad():
            image = area(generator.synthesis(ws, min(IMAGE_SIZE, generator.size)), IMAGE_SIZE)
            goal = grams_of(image, area(styled.mask, IMAGE_SIZE))

    def losses() -> dict[str, Tensor]:
        nonlocal step, distance
        step += 1
        current = torch.cat([unwhiten(moving, generator), still], 1)
        image = generator.synthesis(current, min(PARSER_SIZE, generator.size))
        logits = parser.logits(image)
        cross_entropy = target_loss(logits, target, guesses, allowed)
        terms = {"cross-entropy": params["cross_entropy"] * (weights * cross_entropy).sum((1, 2))}
        if kept:
            small = area(image, IMAGE_SIZE)
            error = (small - goal_image).square().mean(1, keepdim=True)
            terms["mse"] = params["mse"] * masked_mean(error, kept_mask)
            pull: Tensor | float = 0.0
            if (steps - step) % every == 0:  # so the last step is one of these
                of_this_step = perceptual.distance(perceptual.features(small), goal_features, kept_mask)
                distance = of_this_step.detach()
                pull = every * (of_this_step - distance)  # nothing but a gradient
            terms["perceptual"] = params["perceptual"] * (distance + pull)
        if params["p_norm"]:
            terms["p-norm"] = params["p_norm"] * moving.square().mean((1, 2))
        if styled is not None:
            mask = area(region_mask(logits.argmax(1), styled.labels), IMAGE_SIZE)
            terms["style"] = params["style"] * share_of_grams(grams_of(area(image, IMAGE_SIZE), mask), goal)
        return terms

    variables, betas, orthogonal = [Variable(moving, params["rate"])], params["betas"], params["orthogonal"]
    outcome = optimise(variables, losses, params["steps"], on_step, betas=betas, orthogonal=orthogonal)
    return torch.cat([unwhiten(moving.detach(), generator), still], 1), outcome


def mix_structure(f_rec: Tensor, f_align: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """F_align = α∘β F_rec + (1 − α∘β) G_m(w_align) (paper, eq. 7).

    Args:
        f_rec: structure tensor of the embedding (B, C, 32, 32).
        f_align: structure tensor of the aligned W+.
        alpha: where the target takes from this reference, (B, 1, 32, 32) in [0, 1].
        beta: where the reference's own map has what is taken from it.
    """
    return torch.lerp(f_align, f_rec, alpha * beta)
