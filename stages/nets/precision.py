"""Networks whose convolutions run in bfloat16, for gradients; what is stored or measured is computed in float32."""

import copy
from typing import TypeVar

import torch

Network = TypeVar("Network")


def multiplies_bfloat16() -> bool:
    """Whether this machine's CPU multiplies bfloat16: twice as fast as float32, with tiles (AMX) many times."""
    return torch.cpu._is_avx512_bf16_supported()


def chosen(precision: str, device: torch.device) -> torch.dtype:
    """The type that `networks.precision` stands for; `auto` is bfloat16 on a CPU that multiplies it."""
    if precision == "auto":
        precision = "bfloat16" if device.type == "cpu" and multiplies_bfloat16() else "float32"
    dtype: torch.dtype = getattr(torch, precision)
    return dtype


def name_of(dtype: torch.dtype) -> str:
    """How `networks.precision` calls a type: what `auto` came to, in fingerprints and records."""
    return str(dtype).removeprefix("torch.")


def lowered(net: Network, dtype: torch.dtype) -> Network:
    """A copy of a network whose `convolutions` (names of its parts) run in `dtype`; itself for float32.

    Inputs and outputs stay float32, and so does all that is not a convolution: the PCA of W, distances, softmax. A
    network that has no `convolutions` stays as it is; those of StyleGAN2, which names no parts, follow its `dtype`.
    """
    if dtype == torch.float32 or not hasattr(net, "convolutions"):
        return net
    net = copy.deepcopy(net)
    for part in net.convolutions:
        getattr(net, part).to(dtype)
    vars(net)["dtype"] = dtype
    return net
