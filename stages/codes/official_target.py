"""The official code's target map: hair is put on the identity, then two fitted faces show what is missing."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.codes.reduction import bicubic
from stages.nets.interfaces import Generator, Parser
from stages.params.faces_to_targets import CompletionParams
from stages.regions.official_masks import after_first_completion, after_second_completion, draft, second_goal

ROWS = 6  # leading rows of W+ that move, here and in the alignment


def parse(parser: Parser, image: Tensor) -> Tensor:
    """Logits (B, K, 512, 512) of a render, which is reduced bicubically and not clamped."""
    return parser.logits(bicubic(image, parser.size), clamp=False)


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the pixels of every item, (B,), of logits (B, K, H, W) against labels (B, H, W)."""
    return functional.cross_entropy(logits, target, reduction="none").mean((1, 2))


def cross_entropy_where(logits: Tensor, target: Tensor, where: Tensor) -> Tensor:
    """As `cross_entropy`, over the pixels of `where` (B, H, W) bool only; 0 for an item that has none."""
    losses = functional.cross_entropy(logits, target, reduction="none")
    return (losses * where).sum((1, 2)) / where.sum((1, 2)).clamp_min(1)


def realistic_loss(logits: Tensor, target: Tensor, foreground: Tensor, background: int) -> Tensor:
    """Cross-entropy where the target is not background, and to background where the foreground mask is not; (B,)."""
    nothing = torch.full_like(target, background)
    return cross_entropy_where(logits, target, target != background) + cross_entropy_where(logits, nothing, ~foreground)


def complete(
    generator: Generator,
    parser: Parser,
    target: Tensor,
    foreground: Tensor,
    params: CompletionParams,
    on_step: OnStep | None = None,
) -> tuple[Tensor, Outcome]:
    """Fit a face to a target map, from the mean w; returns its own label map (B, H, W), which completes the target.

    Args:
        generator, parser: what renders and what is fitted.
        target: label maps, int64 (B, H, W).
        foreground: (B, H, W) bool, what must not become background.
        params: steps and rate of Adam on the leading rows of W+, and the sign. `realistic`: background and the rest
            are fitted apart, so the face may cover background of the target that is foreground; `fidelity`: plain
            cross-entropy.
        on_step: called after each step.
    """
    background = parser.scheme["background"]
    start = generator.mean_w.repeat(len(target), generator.n_styles, 1)
    moving = start[:, :ROWS].clone().requires_grad_()
    latest: list[Tensor] = []

    def losses() -> dict[str, Tensor]:
        ws = torch.cat([moving, start[:, ROWS:]], 1)
        logits = parse(parser, generator.synthesis(ws))
        latest[:] = [logits.detach()]
        if params["sign"] == "fidelity":
            return {"cross-entropy": cross_entropy(logits, target)}
        return {"cross-entropy": realistic_loss(logits, target, foreground, background)}

    outcome = optimise([Variable(moving, params["rate"])], losses, params["steps"], on_step, schedule="constant")
    return (latest[0].argmax(1) if latest else target), outcome


def completed_target(
    generator: Generator,
    parser: Parser,
    identity: np.ndarray,
    reference: np.ndarray,
    params: CompletionParams,
    progress: Callable[[int], OnStep],
) -> tuple[np.ndarray, str | None]:
    """The target map, uint8 (H, W), of two label maps of the parser's scheme, and None or what failed.

    Args:
        generator, parser: the networks.
        identity, reference: label maps, uint8 (H, W); hair is taken from the reference.
        params: of the completions.
        progress: gives an `OnStep` for completion 1 and for completion 2.
    """
    drafted = draft(identity, reference, parser.scheme)
    device = generator.mean_w.device
    foreground = torch.from_numpy(drafted.foreground)[None].to(device)

    def completed(goal: np.ndarray, which: int) -> tuple[np.ndarray, str | None]:
        target = torch.from_numpy(goal.astype(np.int64))[None].to(device)
        labels, outcome = complete(generator, parser, target, foreground, params, progress(which))
        return labels[0].byte().cpu().numpy(), outcome.failures[0]

    first, failure = completed(drafted.labels, 1)
    labels = after_first_completion(drafted, first)
    second, second_failure = completed(second_goal(drafted, labels, parser.scheme), 2)
    return after_second_completion(drafted, labels, second, parser.scheme), failure or second_failure
