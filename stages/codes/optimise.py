"""One loop for every optimisation: independent items in a batch, Adam, warm-up and cosine decay."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

WARM_UP = 0.05  # share of the steps
RAMP_DOWN = 0.25  # share of the steps, with the schedule `late`
BETAS = (0.9, 0.999)  # of Adam by its paper (Kingma and Ba 2015) and in the official code

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


def optimise(
    variables: Sequence[Variable],
    losses: Callable[[], Mapping[str, Tensor]],
    steps: int,
    on_step: OnStep | None = None,
    project: Callable[[], None] | None = None,
    schedule: str = "cosine",
    betas: Sequence[float] = BETAS,
) -> Outcome:
    """Minimise the sum of the loss terms of every item of a batch.

    Items share nothing: the summed loss has block-diagonal gradients and Adam works element by element, so an
    item's result is that of a batch of one up to rounding, and an item that turns non-finite harms no other.

    Args:
        variables: what moves; changed in place.
        losses: computes the weighted terms, each (B,), from the variables.
        steps: number of Adam steps, ≥ 0.
        on_step: called after each step.
        project: called after each step to bring the variables back into their domain.
        schedule: of the rates, `cosine`, `late` or `constant`.
        betas: how much of the mean gradient, and of its mean square, Adam keeps from one step to the next.
    """
    groups = [{"params": [v.tensor], "lr": v.rate} for v in variables]
    optimizer = torch.optim.Adam(groups, betas=tuple(betas), foreach=False)
    first_bad: dict[str, Tensor] = {}
    terms: Mapping[str, Tensor] = {}
    for step in range(steps):
        for group, variable in zip(optimizer.param_groups, variables, strict=True):
            group["lr"] = variable.rate * learning_rate_factor(step, steps, schedule)
        optimizer.zero_grad()
        terms = losses()
        total = torch.stack(list(terms.values())).sum(0)
        total.sum().backward()
        optimizer.step()
        with torch.no_grad():
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
