"""PyTorch checkpoints that somebody else wrote: read as tensors only."""

import io
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from stages.errors import UserError
from stages.networks import HELP


def read_checkpoint(path: Path) -> object:
    """Read a PyTorch checkpoint, tensors only; raises UserError if it is none."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises anything at all on bytes that are no checkpoint
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: not a checkpoint of tensors ({reason}); {HELP}") from error


def tensors_of(content: bytes) -> dict[str, Tensor]:
    """The tensors by name in a checkpoint whose digest has been checked."""
    return dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))


def state_dict(path: Path, content: object) -> dict[str, Tensor]:
    """What was read, if it is tensors by name; raises UserError if it is anything else."""
    if not isinstance(content, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise UserError(f"{path}: holds no tensors by name; {HELP}")
    return dict(content)
