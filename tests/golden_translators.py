"""The recipe of the golden vectors of SEAN and StarGAN v2: their weights, pictures and label maps.

`tests/data/golden/README.md` tells where the vectors come from; `golden.py` has what all recipes share.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from golden import check, checked, filled, golden_json, normal
from torch import Tensor, nn

Shape = tuple[int, ...]

# Largest relative errors (L2) that the golden README accepts.
CODES, PICTURE = 1e-5, 2e-5  # SEAN
STYLES, FAKE, NO_MASK = 1e-5, 5e-5, 1e-4  # StarGAN v2
ALIGN_MATRIX, ALIGN_PICTURE = 1e-5, 1e-2


def scale(shape: Shape, gain: float) -> np.float32:
    """The recipe's S(gain)."""
    return np.float32(math.sqrt(gain / math.prod(shape[1:])))


def shared_value(key: str, n: np.ndarray) -> np.ndarray | None:
    """What both networks fill alike; None of all else."""
    if key.endswith("running_var"):
        return 1 + np.float32(0.1) * np.abs(n)
    return np.float32(0.1) * n if key.endswith(("running_mean", ".bias")) else None


def sign_vector(key: str, length: int) -> np.ndarray:
    """The recipe's u or v."""
    return np.sign(normal(key, (length,))) * np.float32(1 / math.sqrt(length))


def sean_value(key: str, shape: Shape) -> np.ndarray | None:
    """The value of a key of `latest_net_G.pth`; None of what stays."""
    if key.endswith("num_batches_tracked"):
        return None
    if key.endswith(("weight_u", "weight_v")):
        return sign_vector(key, shape[0])
    n = normal(key, shape)
    if (value := shared_value(key, n)) is not None:
        return value
    if key.endswith(("blending_gamma", "blending_beta")):
        return n
    if key.endswith("noise_var"):
        return np.float32(0.2) * n
    if key.endswith("weight_orig"):
        name = key.removesuffix(".weight_orig")
        gain = {"conv_0": 2, "conv_1": 0.5, "conv_s": 1}[name.rpartition(".")[2]]
        u, v = sign_vector(f"{name}.weight_u", shape[0]), sign_vector(f"{name}.weight_v", math.prod(shape[1:]))
        return np.float32(2) * (n * scale(shape, gain) + np.outer(u, v).reshape(shape))
    if key.startswith("Zencoder"):
        return n * scale(shape, 2)
    factors = {
        "mlp_shared.0": np.float32(0.5), "mlp_gamma": scale(shape, 0.25), "mlp_beta": scale(shape, 0.25),
        "conv_gamma": scale(shape, 1), "conv_beta": scale(shape, 1), "fc": np.float32(0.3),
        "conv_img": scale(shape, 0.05),
    }  # fmt: skip
    name = key.removesuffix(".weight")
    if "fc_mu" in name:
        return np.float32(3) * n * np.float32(math.sqrt(2 / 512))
    return n * next(factor for ending, factor in factors.items() if name.endswith(ending))


def starganv2_value(key: str, shape: Shape) -> np.ndarray | None:
    """The value of "<net>/<key>" of the checkpoint; None of what stays."""
    if key.endswith(("num_batches_tracked", "hpf.filter")):
        return None
    n = normal(key, shape)
    if key == "fan/l0.weight":
        return n * np.float32(0.015)
    if key == "fan/l0.bias":
        return np.float32(0.1) * n - np.float32(0.25)
    if (value := shared_value(key, n)) is not None:
        return value
    if len(shape) == 4:
        return n * scale(shape, 0.5 if key.startswith("fan/") else 0.1 if key == "generator/to_rgb.2.weight" else 2)
    if len(shape) == 2:
        return n * scale(shape, 0.5 if key.startswith("generator/") else 2)
    return 1 + np.float32(0.1) * n


def load_recipe(net: nn.Module, value: Callable[..., np.ndarray | None], name: str, prefix: str = "") -> nn.Module:
    """Load a network, laid out as `stages.nets` lays it out, with the recipe's weights, compared before.

    `prefix` is that of the recipe's keys. The network may be on the device "meta": SEAN's own first weights, a
    gigabyte, would be made in vain.
    """
    state, found = filled({f"{prefix}{key}": tensor for key, tensor in net.state_dict().items()}, value)
    check(name, found)
    net.load_state_dict({key.removeprefix(prefix): tensor for key, tensor in state.items()}, assign=True)
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def keys_of(name: str, part: str) -> dict[str, list[int]]:
    """Names and shapes of the official state dict `part` of a golden list."""
    return {key: shape for key, shape, _ in golden_json(f"{name}_keys")[part]}


def shapes(net: nn.Module) -> dict[str, list[int]]:
    """Names and shapes of a network's state dict."""
    return {key: list(tensor.shape) for key, tensor in net.state_dict().items()}


def picture(name: str, key: str, batch: int) -> Tensor:
    """The recipe's picture P(key, batch) of 256 px, (B, 3, 256, 256) in [-1, 1]; `name` is that of its checksum."""
    coarse = normal(f"{key}_lo", (batch, 3, 16, 16)).repeat(16, 2).repeat(16, 3)
    noisy = np.float32(0.5) * coarse + np.float32(0.25) * normal(f"{key}_hi", (batch, 3, 256, 256))
    return checked(name, np.clip(noisy, np.float32(-1), np.float32(1)))


def sizes(name: str, full: Tensor) -> dict[str, Tensor]:
    """Mean and root mean square of every channel over batch and pixels, by their golden names."""
    return {f"{name}_chan_mean": full.mean((0, 2, 3)), f"{name}_chan_rms": full.square().mean((0, 2, 3)).sqrt()}


def thinned(full: Tensor, channels: int, pixels: int) -> Tensor:
    """Every so many channels and pixels: `channels` of them, at most `pixels` on a side."""
    step = max(full.shape[-1] // pixels, 1)
    return full[:, :: full.shape[1] // channels, ::step, ::step]


@contextmanager
def recorded(net: nn.Module, names: dict[str, str]) -> Iterator[dict[str, Tensor]]:
    """The outputs of parts of a network in what runs meanwhile; `names` has the part of each name."""
    outputs: dict[str, Tensor] = {}
    handles = [
        net.get_submodule(part).register_forward_hook(lambda *run, name=name: outputs.update({name: run[-1]}))
        for name, part in names.items()
    ]
    yield outputs
    for handle in handles:
        handle.remove()
