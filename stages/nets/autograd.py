"""What torch.autograd hands to a function of one's own, for which PyTorch has no type."""

from typing import Protocol

from torch import Tensor


class Context(Protocol):
    """What `forward` keeps for `backward`."""

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What was saved, in its order."""

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each argument of `forward`, whether its gradient is asked for."""

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs and outputs of `forward`."""

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which arguments `forward` changed in place."""
