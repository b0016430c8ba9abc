"""Networks behind three protocols; `load_generator`, `load_parser` and `load_perceptual` are the only ways in."""

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from stages.errors import UserError
from stages.nets.bisenet import BiSeNet
from stages.nets.mobilestylegan import MobileStyleGAN
from stages.nets.stlpips import STLPIPS
from stages.nets.weights import read_metadata, read_weights
from stages.regions.labels import LabelScheme


class Generator(Protocol):
    """Faces from latents. W+ is (B, n_styles, 512); F is (B, C, 32, 32) and replaces the first `n_structure` styles."""

    size: int
    n_styles: int
    n_structure: int
    mean_w: Tensor
    pca_mean: Tensor
    pca_components: Tensor
    pca_stdev: Tensor

    def map(self, z: Tensor) -> Tensor:
        """Map z (B, 512) to W (B, 512)."""

    def features(self, ws: Tensor) -> Tensor:
        """Structure tensor F of W+."""

    def render(self, f: Tensor, ws: Tensor, size: int | None = None) -> Tensor:
        """Image (B, 3, size, size), nominally in [-1, 1], of F and the styles behind it; smaller sizes by area."""


class Parser(Protocol):
    """A face parser; labels are named by `scheme`."""

    scheme: LabelScheme

    def logits(self, image: Tensor) -> Tensor:
        """Logits (B, K, 512, 512) of an image (B, 3, H, W) in [-1, 1]."""


class Perceptual(Protocol):
    """A perceptual distance whose features of a fixed reference are computed once."""

    name: str

    def features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """Feature maps of an image (B, 3, H, W) in [-1, 1], the first `blocks` of them."""

    def distance(self, a: list[Tensor], b: list[Tensor], mask: Tensor | None = None) -> Tensor:
        """Distance (B,) between two images' features, averaged under a mask (B, 1, H, W) if one is given."""


GENERATORS: dict[str, Any] = {"mobilestylegan": MobileStyleGAN}
PARSERS: dict[str, Any] = {"bisenet19": BiSeNet}
PERCEPTUALS: dict[str, Any] = {"stlpips_vgg": lambda: STLPIPS("vgg"), "stlpips_alex": lambda: STLPIPS("alex")}


def load_generator(weights: Path, device: torch.device) -> Generator:
    """Load the generator of a weight file; raises UserError if the file is damaged or holds something else."""
    return _load(GENERATORS, weights, device)


def load_parser(weights: Path, device: torch.device) -> Parser:
    """Load the face parser of a weight file; errors as `load_generator`."""
    return _load(PARSERS, weights, device)


def load_perceptual(weights: Path, device: torch.device) -> Perceptual:
    """Load the perceptual network of a weight file; errors as `load_generator`."""
    return _load(PERCEPTUALS, weights, device)


def _load(registry: dict[str, Any], weights: Path, device: torch.device) -> Any:
    name = read_metadata(weights).get("network")
    if name not in registry:
        raise UserError(f"{weights}: holds the network {name}; expected one of {', '.join(registry)}")
    net = registry[name]()
    net.load_state_dict(read_weights(weights, net.state_dict()), strict=True)
    net = net.eval().requires_grad_(False).to(device)
    # Convolutions of this size are faster channels-last on CPUs and GPUs alike.
    return net.to(memory_format=torch.channels_last)
