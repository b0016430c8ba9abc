"""Blending of K aligned references: structure by masks, appearance by optimised simplex weights (paper, 3.5)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stages.codes.appearance import LookTask, Paint
from stages.codes.embedding import LOSS_SIZE, FSCode, render_code
from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.nets.interfaces import Generator, Perceptual
from stages.params.composing import BlendParams
from stages.regions.masks import to_grid


def blend_structure(f: Tensor, alpha: Tensor) -> Tensor:
    """F_blend = Σ α_k F_k for F (B, K, C, 32, 32) and α (B, K, 1, 32, 32) that sums to 1 over K (paper, eq. 8)."""
    return (f * alpha).sum(1)


def project_to_simplex(u: Tensor) -> Tensor:
    """Nearest point with u_k ≥ 0 and Σ u_k = 1 over dimension 1 (Duchi et al. 2008, figure 1)."""
    ordered = u.sort(dim=1, descending=True).values
    excess = ordered.cumsum(1) - 1
    rank = torch.arange(1, u.shape[1] + 1, device=u.device).view(-1, *[1] * (u.dim() - 2))
    support = (ordered * rank > excess).sum(1, keepdim=True)
    threshold = excess.gather(1, support - 1) / support
    return (u - threshold).clamp_min(0)


def blend(
    generator: Generator,
    perceptual: Perceptual,
    f: Tensor,
    s: Tensor,
    masks: Tensor,
    params: BlendParams,
    photos: Tensor | None = None,
    looks: Sequence[LookTask] = (),
    on_step: OnStep | None = None,
) -> tuple[FSCode, Tensor, Outcome]:
    """Blend K references into one FS code.

    S = Σ u_k S_k with u_k ≥ 0, Σ u_k = 1 for every style row and channel, found by projected gradient steps on
    the masked perceptual distance to every reference where the target takes from it (paper, eq. 9 and 10).

    A region that gets another image's look is not compared with its reference, nor pixel by pixel with that image,
    as the official code does: hair of one shape lies on no hair of the other. `appearance` says with what instead.

    Args:
        generator: what renders.
        perceptual: network of the masked distance.
        f: structure tensors of the references (B, K, C, 32, 32).
        s: appearance codes (B, K, n - m, 512) of the references.
        masks: where the target takes from each, (B, K, H, W) in [0, 1], summing to 1 over K.
        params: steps, rates, number of feature blocks and weights.
        photos: (B, K, 3, h, w) at the size of the losses, to compare with; None for the references' renders (paper).
        looks: the regions that get another image's look than that of their reference.
        on_step: called after each step.

    Returns:
        The blended code, the weights u (B, K, n - m, 512), and the last losses.
    """
    count, size = f.shape[1], min(LOSS_SIZE, generator.size)
    alpha = [masks[:, k : k + 1] for k in range(count)]
    structure = blend_structure(f, torch.stack([to_grid(a, f.shape[-1]) for a in alpha], 1))
    goals = []
    with torch.no_grad():
        for k in range(count):
            image = render_code(generator, FSCode(f[:, k], s[:, k]), size) if photos is None else photos[:, k]
            goals.append(perceptual.features(image, params["blocks"]))
    u = torch.full_like(s, 1 / count, requires_grad=True)

    def render(f: Tensor) -> Tensor:
        return render_code(generator, FSCode(f, (u * s).sum(1)), size)

    paint = Paint(looks, perceptual, structure, render, params["blocks"])
    for look in looks:
        alpha = [a * (1 - look.target) for a in alpha]

    def losses() -> dict[str, Tensor]:
        image = render(paint.painted())
        features = perceptual.features(image, params["blocks"])
        terms = {f"reference {k}": perceptual.distance(features, goals[k], alpha[k]) for k in range(count)}
        return terms | {f"look {j}": x for j, x in enumerate(paint.distances(image, features, params["look_mse"]))}

    def project() -> None:
        u.copy_(project_to_simplex(u))

    variables = [Variable(u, params["rate"]), *paint.variables(params["look_rate"])]
    outcome = optimise(variables, losses, params["steps"], on_step, project, betas=params["betas"])
    u = u.detach()
    return FSCode(paint.painted().detach(), (u * s).sum(1)), u, outcome
