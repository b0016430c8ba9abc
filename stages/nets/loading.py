"""The only ways from a weight file to a network. Which one it holds is in its metadata; only that one is imported."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from stages import registry
from stages.errors import UserError
from stages.formats.weight_files import network_of, read_metadata, read_weights
from stages.nets.interfaces import Encoder, Generator, Parser, Perceptual
from stages.networks import Role

if TYPE_CHECKING:
    from stages.nets.completer_net import Completer


def load_generator(weights: Path, device: torch.device) -> Generator:
    """Load the generator of a weight file; raises UserError if the file is damaged or holds something else."""
    return cast("Generator", _load("generator", weights, device))


def load_parser(weights: Path, device: torch.device) -> Parser:
    """Load the face parser of a weight file; errors as `load_generator`."""
    return cast("Parser", _load("parser", weights, device))


def load_perceptual(weights: Path, device: torch.device) -> Perceptual:
    """Load the perceptual network of a weight file; errors as `load_generator`."""
    return cast("Perceptual", _load("perceptual", weights, device))


def load_encoder(weights: Path, device: torch.device) -> Encoder:
    """Load the encoder of a weight file; errors as `load_generator`."""
    return cast("Encoder", _load("encoder", weights, device))


def load_completer(weights: Path, device: torch.device) -> "Completer":
    """Load the completer of a weight file; errors as `load_generator`."""
    return cast("Completer", _load("completer", weights, device))


def load_translator(weights: Path, device: torch.device) -> nn.Module:
    """Load the image translation network of a weight file; errors as `load_generator`.

    These networks have nothing in common that the pipeline could ask of them. So who loads one knows its class, which
    its entry in `stages.networks` names.
    """
    return _load("translator", weights, device)


def _load(role: Role, weights: Path, device: torch.device) -> nn.Module:
    name = network_of(weights)
    if name not in registry.names("networks") or (entry := registry.load("networks", name)).role != role:
        raise UserError(f"{weights}: holds the network {name}, which is no {role}; name another file")
    net = entry.build(read_metadata(weights))
    net.load_state_dict(read_weights(weights, net.state_dict()), strict=True)
    net = net.eval().requires_grad_(False).to(device)
    # Convolutions of this size are faster channels-last on CPUs and GPUs alike.
    laid_out: nn.Module = net.to(memory_format=torch.channels_last)
    return laid_out
