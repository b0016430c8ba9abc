"""Read the constants of an OpenVINO intermediate representation (`.xml` with `.bin`) without its runtime."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import torch
from torch import Tensor


def read_constants(xml: bytes, binary: bytes) -> list[tuple[str, Tensor]]:
    """Return (name, float32 tensor) of every floating-point constant, in network order.

    Raises:
        ValueError: a constant lies outside `binary`.
    """
    constants = []
    for layer in ElementTree.fromstring(xml).iterfind("layers/layer[@type='Const']"):
        found = layer.find("data")
        if found is None:
            raise ValueError(f"constant {layer.get('name')} has no data")
        data = found.attrib
        if data["element_type"] != "f32":
            continue
        shape = [int(n) for n in data["shape"].split(",") if n.strip()]
        offset, size = int(data["offset"]), int(data["size"])
        if offset + size > len(binary):
            raise ValueError(f"constant {layer.get('name')} ends at byte {offset + size} of {len(binary)}")
        array = np.frombuffer(binary, "<f4", size // 4, offset).reshape(shape)
        constants.append((layer.get("name", ""), torch.from_numpy(array.copy())))
    return constants


def mobilestylegan_state(mapping: list[tuple[str, Tensor]], synthesis: list[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """Name the constants of random_face's two networks as `MobileStyleGAN`'s state dict does.

    Named constants carry PyTorch parameter names; demodulated kernels (`Mul_*_copy`) and noise maps
    (`(1, 1, n, n)`) are nameless and come in network order.
    """
    state: dict[str, Tensor] = {}
    weights = [t for _, t in mapping if t.shape == (512, 512)]
    biases = [t for _, t in mapping if t.shape == (512,)]
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        state[f"mapping.{i}.weight"], state[f"mapping.{i}.bias"] = weight, bias

    named = {name.removeprefix("m."): t for name, t in synthesis if name.startswith("m.")}
    kernels = [t for name, t in synthesis if re.fullmatch(r"Mul_\d+_copy", name)]
    noises = [t[0, 0] for _, t in synthesis if t.dim() == 4 and t.shape[:2] == (1, 1) and t.shape[2] == t.shape[3] > 1]
    blocks = sum(name.endswith("up.modulation.weight") for name in named)
    convs = ["conv1"] + [f"layers.{i}.conv{j}" for i in range(blocks) for j in (1, 2)]
    state["first.input"] = named["input.input"]
    for conv, kernel, noise in zip(convs, kernels, noises, strict=True):
        ours = "first" if conv == "conv1" else conv.replace("layers", "blocks")
        state[f"{ours}.activation.noise"] = noise
        state[f"{ours}.activation.bias"] = named[f"{conv}.bias"].flatten()
        state |= _modulation(f"{ours}.modulation", named, f"{conv}.conv.modulation")
        if conv == "conv1":
            state["first.weight"] = kernel
        else:
            state[f"{ours}.depthwise"] = named[f"{conv}.conv.weight_dw"].flatten(0, 1)
            state[f"{ours}.pointwise"] = kernel.flatten(1)
    for i in range(blocks):
        state |= _modulation(f"blocks.{i}.up.modulation", named, f"layers.{i}.up.modulation")
    head = f"layers.{blocks - 1}.to_img"
    state["to_image.weight"] = named[f"{head}.conv.weight"].flatten(1)
    state["to_image.bias"] = named[f"{head}.bias"].flatten()
    state |= _modulation("to_image.modulation", named, f"{head}.conv.modulation")
    # What feeds an inverse Haar transform: band after band, as `inverse_haar` wants it.
    feeders = ["first.weight", "first.activation.bias", "to_image.weight", "to_image.bias"]
    feeders += [f"blocks.{i}.conv2.{part}" for i in range(blocks - 1) for part in ("pointwise", "activation.bias")]
    feeders += [f"blocks.{i}.up.modulation.{part}" for i in range(blocks) for part in ("weight", "bias")]
    return state | {key: _bands_apart(state[key]) for key in feeders}


def _bands_apart(t: Tensor) -> Tensor:
    """Reorder leading channels from LL…, (LH, HL, HH)… as the network was trained to LL…, LH…, HL…, HH…."""
    quarter = len(t) // 4
    high = t[quarter:].unflatten(0, (quarter, 3)).transpose(0, 1).flatten(0, 1)
    return torch.cat([t[:quarter], high]).contiguous()


def _modulation(ours: str, named: dict[str, Tensor], theirs: str) -> dict[str, Tensor]:
    return {f"{ours}.weight": named[f"{theirs}.weight"], f"{ours}.bias": named[f"{theirs}.bias"].flatten()}
