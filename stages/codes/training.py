"""What the trainings of the project's own networks share."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from stages.codes.optimise import OnStep, learning_rate_factor

TRUNCATION = (0.5, 1.0)  # of the faces that networks learn from
BETAS, DECAY, CLIP = (0.9, 0.95), 1e-4, 1.0  # of AdamW; largest norm of a gradient


def descend(
    net: nn.Module, losses: Callable[[int], Tensor], steps: int, rate: float, on_step: OnStep | None = None
) -> None:
    """Train a network in place by AdamW (Loshchilov and Hutter 2019); afterwards it needs no gradients.

    Args:
        net: the network.
        losses: for the number of a step, from 0, the losses of its examples (B,).
        steps: how many.
        rate: at its peak; it rises, and falls as half a cosine.
        on_step: called after each step.
    """
    optimizer = torch.optim.AdamW(net.parameters(), betas=BETAS, weight_decay=DECAY)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * learning_rate_factor(step, steps)
        of_step = losses(step)
        optimizer.zero_grad()
        of_step.mean().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        if on_step is not None:
            on_step(step + 1, steps, of_step.detach())
    net.eval().requires_grad_(False)
