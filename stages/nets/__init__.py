"""Networks behind three protocols; `load_generator`, `load_parser` and `load_perceptual` are the only ways in."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from stages.errors import UserError
from stages.formats.weights import read_metadata, read_weights
from stages.nets.bisenet import BiSeNet
from stages.nets.lpips_net import LPIPS
from stages.nets.mobilestylegan import MobileStyleGAN
from stages.nets.stlpips import STLPIPS
from stages.nets.stylegan2 import StyleGAN2
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19, LabelScheme


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

    def synthesis(self, ws: Tensor, size: int | None = None, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Image (B, 3, size, size) of W+; StyleGAN2's has RGB outputs of the first layers, which F does not carry.

        `noise`, maps (B or 1, 1, h, w) of variance 1, replaces the fixed noise of the network.
        """

    def hidden(self, ws: Tensor) -> Tensor:
        """Features (B, C, h, h) that the image of W+ is made from, at 128 px or the generator's largest below it."""

    def draw_noise(self, seed: int) -> list[Tensor]:
        """Noise maps (1, 1, h, w) from N(0, 1), in the order and of the sizes that `synthesis` takes."""


class Parser(Protocol):
    """A face parser; labels are named by `scheme`."""

    scheme: LabelScheme
    size: int

    def logits(self, image: Tensor, clamp: bool = True) -> Tensor:
        """Logits (B, K, size, size) of an image (B, 3, H, W), clamped to [-1, 1] unless told otherwise."""


class Perceptual(Protocol):
    """A perceptual distance whose features of a fixed reference are computed once."""

    name: str

    def features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """Feature maps of an image (B, 3, H, W) in [-1, 1], the first `blocks` of them."""

    def raw_features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """As `features`, but the network sees the image as it is, not scaled to ImageNet's statistics."""

    def first_layer(self, image: Tensor) -> Tensor:
        """Output (B, C, h, w) of the first convolution and its ReLU, for images in [-1, 1]."""

    def distance(self, a: list[Tensor], b: list[Tensor], mask: Tensor | None = None) -> Tensor:
        """Distance (B,) between two images' features, averaged under a mask (B, 1, H, W) if one is given."""


# Network by name; what it is built with, beside its weights, comes from the weight file's metadata.
GENERATORS: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "mobilestylegan": lambda _: MobileStyleGAN(),
    "stylegan2": lambda facts: StyleGAN2(int(facts.get("size", "1024"))),
}
PARSERS: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "bisenet19": lambda _: BiSeNet(CELEBAMASK_19),
    "bisenet16": lambda _: BiSeNet(CELEBAMASK_16),
}
PERCEPTUALS: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "stlpips_vgg": lambda _: STLPIPS("vgg"),
    "stlpips_alex": lambda _: STLPIPS("alex"),
    "lpips_vgg": lambda _: LPIPS("vgg"),
    "lpips_alex": lambda _: LPIPS("alex"),
}


def load_generator(weights: Path, device: torch.device) -> Generator:
    """Load the generator of a weight file; raises UserError if the file is damaged or holds something else."""
    return _load(GENERATORS, weights, device)


def load_parser(weights: Path, device: torch.device) -> Parser:
    """Load the face parser of a weight file; errors as `load_generator`."""
    return _load(PARSERS, weights, device)


def load_perceptual(weights: Path, device: torch.device) -> Perceptual:
    """Load the perceptual network of a weight file; errors as `load_generator`."""
    return _load(PERCEPTUALS, weights, device)


def _load(registry: dict[str, Callable[[Mapping[str, str]], Any]], weights: Path, device: torch.device) -> Any:
    facts = read_metadata(weights)
    name = facts.get("network")
    if name not in registry:
        raise UserError(f"{weights}: holds the network {name}; expected one of {', '.join(registry)}")
    net = registry[name](facts)
    net.load_state_dict(read_weights(weights, net.state_dict()), strict=True)
    net = net.eval().requires_grad_(False).to(device)
    # Convolutions of this size are faster channels-last on CPUs and GPUs alike.
    return net.to(memory_format=torch.channels_last)
