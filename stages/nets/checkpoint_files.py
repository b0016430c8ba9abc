"""PyTorch checkpoints that somebody else wrote: read as tensors only."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stages.errors import UserError
from stages.networks import HELP


def read_checkpoint(path: Path) -> object:
    """Read a PyTorch checkpoint, tensors only; raises UserError if it is none."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises anything at all on bytes that are no checkpoint
        raise UserError(f"{path}: not a checkpoint of tensors ({_reason(error)}); {HELP}") from error


def read_array(path: Path, name: str) -> Tensor:
    """Read one array of numbers of a NumPy archive (.npz), as float32; raises UserError if it is none or has it not."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return torch.from_numpy(np.asarray(arrays[name], np.float32))
    except Exception as error:  # NumPy and zipfile raise anything at all, too
        raise UserError(f"{path}: no .npz file with numbers named {name} ({_reason(error)}); {HELP}") from error


def _reason(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


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
