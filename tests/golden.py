"""Golden vectors of the official code, and the recipe that fills a network with the weights they were made with.

`tests/data/golden/README.md` tells where they come from.
"""

import json
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from support import ROOT
from torch import Tensor, nn
from torchvision.models import vgg16

GOLDEN = ROOT / "tests" / "data" / "golden"

# Largest relative error (L2). The official code in float32 is at most a third as far from itself in float64.
FORWARD, GRADIENT, F_GRADIENT = 1e-5, 1e-4, 2e-3
LPIPS_GRADIENT, STYLE_GRADIENT = 1e-3, 5e-3

# Largest error of a checksum. If the last digit of every number moves, up or down by chance, SEAN's moves by 2e-6.
CHECKSUM = 1e-5
# What places in an array count. Uniform numbers, unlike normal ones, have the same digits on every system.
PLACES = 0.5 + np.random.default_rng(0).random(1 << 16)


def vectors(name: str) -> dict[str, Tensor]:
    """The arrays of a golden .npz as tensors."""
    with np.load(GOLDEN / f"{name}.npz") as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays}


def golden_json(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def normal(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The recipe's n(key, shape)."""
    return np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape, dtype=np.float32)


def relative(a: Tensor, b: Tensor) -> float:
    """‖a − b‖ / ‖b‖."""
    return ((a.double() - b.double()).norm() / b.double().norm()).item()


def stylegan2_value(key: str, shape: tuple[int, ...]) -> np.ndarray | None:
    if key.endswith("kernel"):
        return None
    n = normal(key, shape)
    if key.startswith("style."):
        return n * np.float32(10 if key.endswith("bias") else 100)
    if key.endswith(".modulation.bias"):
        return 1 + np.float32(0.1) * n
    return n * np.float32(0.1) if key.endswith((".noise.weight", ".bias")) else n


def bisenet_value(key: str, shape: tuple[int, ...]) -> np.ndarray | None:
    if key.endswith("num_batches_tracked"):
        return None
    n = normal(key, shape)
    if len(shape) == 4:
        factor = 0.1 if key.endswith(".conv_out.weight") else 1.0
        return n * np.float32(factor * math.sqrt(2 / math.prod(shape[1:])))
    if key.endswith("running_var"):
        return 1 + np.float32(0.1) * np.abs(n)
    return np.float32(0.1) * n + (1 if key.endswith("weight") else 0)


def encoder_value(key: str, shape: tuple[int, ...]) -> np.ndarray | None:
    if key.endswith("num_batches_tracked"):
        return None
    n = normal(key, shape)
    if len(shape) == 4:
        gain = 2 if key.startswith(("styles.", "input_layer.")) else 4 if ".5.fc" in key else 1
        return n * np.float32(math.sqrt(gain / math.prod(shape[1:])))
    if key.endswith(".linear.weight"):
        return n
    if key.endswith("running_var"):
        return 1 + np.float32(0.1) * np.abs(n)
    if key.endswith((".bias", "running_mean")):
        return np.float32(0.1) * n
    slope = key == "input_layer.2.weight" or key.endswith(".res_layer.2.weight")
    return np.float32(0.25) + np.float32(0.05) * n if slope else 1 + np.float32(0.1) * n


def vgg16_value(key: str, shape: tuple[int, ...]) -> np.ndarray | None:
    factor = math.sqrt(2 / math.prod(shape[1:])) if len(shape) == 4 else 0.01
    return normal(key, shape) * np.float32(factor)


def checksum(key: str, array: np.ndarray) -> np.ndarray:
    """How large the numbers of an array are and how they are ordered: log ‖a‖² and Σ wᵢaᵢ / ‖a‖, float64 (2,).

    Both count as the key says, so sums over keys notice when two of them change places. Not a sha256: the tail of
    NumPy's normal distribution takes a logarithm from the C library, whose last digit differs between systems.
    """
    flat, squares, ordered = array.ravel(), 0.0, 0.0
    for place, start in zip(PLACES, range(0, flat.size, len(PLACES)), strict=False):
        block = flat[start : start + len(PLACES)].astype(np.float64)
        squares += block @ block
        ordered += place * (block @ PLACES[: len(block)])
    return (0.5 + zlib.crc32(key.encode()) / 2**32) * np.array([math.log(squares), ordered / math.sqrt(squares)])


def filled(state: Mapping[str, Tensor], value: Any) -> tuple[dict[str, Tensor], np.ndarray]:
    """A state dict filled by a recipe, and the checksum of that; what stays and is on "meta" becomes zeros."""
    result, found = dict(state), np.zeros(2)
    for key in sorted(state):
        array = value(key, tuple(state[key].shape))
        if array is not None:
            found += checksum(key, array)
            result[key] = torch.from_numpy(array)
        elif state[key].is_meta:
            result[key] = torch.zeros(state[key].shape, dtype=state[key].dtype)
    return result, found


def check(name: str, found: np.ndarray) -> None:
    """Fail if a checksum is not that of the arrays that the golden vectors were made with."""
    error = np.abs(found - golden_json("checksums")[name]).max()
    assert error < CHECKSUM, f"{name}: the recipe gives other numbers than those of the golden vectors"


def checked(name: str, array: np.ndarray) -> Tensor:
    """An input of the recipe as a tensor, its checksum compared."""
    check(name, checksum(name, array))
    return torch.from_numpy(array)


def load_filled(net: nn.Module, value: Any, name: str, constants: tuple[str, ...] = ()) -> nn.Module:
    """Load a network with the recipe's weights, laid out as `stages.nets` lays it out; `constants` stay."""
    state = {key: tensor for key, tensor in net.state_dict().items() if key not in constants}
    state, found = filled(state, value)
    check(name, found)
    net.load_state_dict(state, strict=not constants)
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def vgg16_state() -> dict[str, Tensor]:
    """State dict of the recipe's torchvision VGG16, without its classifier."""
    with torch.device("meta"):
        state = vgg16(weights=None).state_dict()
    state, found = filled({key: t for key, t in state.items() if key.startswith("features")}, vgg16_value)
    check("vgg16_features", found)
    return state
