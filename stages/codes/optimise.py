"""One loop for every optimisation: independent items in a batch, Adam or orthogonal steps, warm-up and cosine decay."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

WARM_UP = 0.05  # share of the steps
RAMP_DOWN = 0.25  # share of the steps, with the schedule `late`
BETAS = (0.9, 0.999)  # of Adam by its paper (Kingma and Ba 2015) and in the official code

# What orthogonal steps are made by, as in Muon (Jordan et al. 2024): passes of x ↦ ax + bx³ + cx⁵ over singular values.
QUINTIC = (3.4445, -4.7750, 2.0315)
PASSES = 6
EPSILON = 1e-12

OnStep = Callable[[int, int, Tensor], None]
"""Called after each step with the step's number from 1, the number of steps and the items' losses (B,)."""


class Variable(NamedTuple):
    """A leaf tensor whose first dimension is the batch, and its peak learning rate."""

    tensor: Tensor
    rate: float


class Outcome(NamedTuple):
    """The last losses, term by term (B,), and for each item None or what made its loss useless."""

    losses: dict[str, Tensor]
    failures: list[str | None]

    def of(self, item: int) -> dict[str, float]:
        """The last losses of one item."""
        return {name: round(term[item].item(), 6) for name, term in self.losses.items()}


def learning_rate_factor(step: int, steps: int, schedule: str = "cosine") -> float:
    """Share of the peak rate at `step` (from 0): a linear warm-up, then half a cosine down to almost 0.

    With the schedule `late` the cosine begins with the last quarter of the steps (Karras et al. 2020, appendix D);
    with `constant` it is always 1.
    """
    if schedule == "constant":
        return 1.0
    warm_up = max(1, round(WARM_UP * steps))
    left = 1 - step / steps
    down = 1 - left if schedule == "cosine" else 1 - min(1.0, left / RAMP_DOWN)
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * down))


def orthogonalised(x: Tensor) -> Tensor:
    """Matrices (B, m, n) with all singular values brought to 0.7–1.2 of a common one, and a mean square of 1.

    In a gradient few directions outweigh all others; in what this makes of it they count alike. Singular values below a
    thousandth of the matrix's norm stay smaller, and a zero matrix stays zero.
    """
    a, b, c = QUINTIC
    tall = x.shape[1] > x.shape[2]
    y = x.mT if tall else x
    y = y / torch.linalg.matrix_norm(y, keepdim=True).clamp_min(EPSILON)
    for _ in range(PASSES):
        gram = y @ y.mT
        y = a * y + (b * gram + c * gram @ gram) @ y
    y = y.mT if tall else y
    scaled: Tensor = y / y.square().mean((1, 2), keepdim=True).sqrt().clamp_min(EPSILON)
    return scaled


def optimise(
    variables: Sequence[Variable],
    losses: Callable[[], Mapping[str, Tensor]],
    steps: int,
    on_step: OnStep | None = None,
    project: Callable[[], None] | None = None,
    schedule: str = "cosine",
    betas: Sequence[float] = BETAS,
    orthogonal: bool = False,
) -> Outcome:
    """Minimise the sum of the loss terms of every item of a batch.

    Items share nothing: the summed loss has block-diagonal gradients, and Adam works element by element, orthogonal
    steps item by item. So an item's result is that of a batch of one up to rounding, and an item that turns non-finite
    harms no other.

    Args:
        variables: what moves; changed in place.
        losses: computes the weighted terms, each (B,), from the variables.
        steps: number of Adam steps, ≥ 0.
        on_step: called after each step.
        project: called after each step to bring the variables back into their domain.
        schedule: of the rates, `cosine`, `late` or `constant`.
        betas: how much of the mean gradient, and of its mean square, Adam keeps from one step to the next.
        orthogonal: whether Adam's step, taken as an item's matrix with the rows of the tensor's second dimension, is
            orthogonalised and made as long as the rate says: Muon's step, with Adam's memory before it. The tensors
            need three dimensions or more then.
    """
    # Adam moves the variables themselves, or stand-ins at a rate of 1, which show the direction.
    moved = [torch.zeros_like(v.tensor) if orthogonal else v.tensor for v in variables]
    groups = [{"params": [tensor], "lr": 1.0} for tensor in moved]
    of_mean, of_square = betas
    optimizer = torch.optim.Adam(groups, betas=(of_mean, of_square), foreach=False)
    first_bad: dict[str, Tensor] = {}
    terms: Mapping[str, Tensor] = {}
    for step in range(steps):
        factor = learning_rate_factor(step, steps, schedule)
        for variable in variables:
            variable.tensor.grad = None
        terms = losses()
        total = torch.stack(list(terms.values())).sum(0)
        total.sum().backward()
        with torch.no_grad():
            for tensor, variable, group in zip(moved, variables, optimizer.param_groups, strict=True):
                if orthogonal:
                    tensor.zero_().grad = variable.tensor.grad
                else:
                    group["lr"] = variable.rate * factor
            optimizer.step()
            if orthogonal:
                for tensor, variable in zip(moved, variables, strict=True):
                    direction = orthogonalised(tensor.flatten(2)).view_as(tensor)
                    variable.tensor.add_(direction, alpha=variable.rate * factor)
            if project is not None:
                project()
            for name, term in terms.items():
                seen = first_bad.setdefault(name, torch.full_like(term, math.inf))
                first_bad[name] = torch.minimum(seen, torch.where(term.isfinite(), math.inf, float(step)))
        if on_step is not None:
            on_step(step + 1, steps, total.detach())
    batch = len(variables[0].tensor)
    return Outcome({name: term.detach() for name, term in terms.items()}, _failures(first_bad, batch))


def _failures(first_bad: dict[str, Tensor], batch: int) -> list[str | None]:
    failures: list[str | None] = [None] * batch
    steps = {name: tensor.tolist() for name, tensor in first_bad.items()}
    for item in range(batch):
        name, step = min(((n, s[item]) for n, s in steps.items()), key=lambda pair: pair[1], default=("", math.inf))
        if step < math.inf:
            failures[item] = f"the {name} loss was not finite at step {int(step) + 1}"
    return failures
