"""Shift-tolerant LPIPS (Ghildyal and Liu, ECCV 2022): LPIPS on anti-aliased VGG16 or AlexNet."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.sliced_network import LABELS, SlicedNetwork


class BlurPool(nn.Module):
    """Binomial 3×3 blur with stride 2 behind a reflected border of two pixels."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", torch.zeros(channels, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        given, x = x.dtype, functional.pad(x, (2, 2, 2, 2), mode="reflect")
        filt = self.filt
        if given == torch.bfloat16:  # a depthwise convolution is three times as slow in it (measured on a CPU)
            x, filt = x.float(), filt.float()
        return functional.conv2d(x, filt, stride=2, groups=x.shape[1]).to(given)


def vgg16_layers() -> tuple[list[nn.Module], list[int]]:
    """Layers of the anti-aliased VGG16 and the ends of its five slices (relu1_2 … relu5_3)."""
    layers: list[nn.Module] = []
    ends, channels = [], 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        if layers:
            layers += [nn.MaxPool2d(2, stride=1), BlurPool(channels)]
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=False)]
            channels = width
        ends.append(len(layers))
    return layers, ends


def alexnet_layers() -> tuple[list[nn.Module], list[int]]:
    """Layers of the anti-aliased AlexNet and the ends of its five slices (relu1 … relu5)."""
    layers = [
        nn.Conv2d(3, 64, 11, padding=2),
        BlurPool(64),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=1),
        BlurPool(64),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=1),
        BlurPool(192),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
    ]
    return layers, [3, 7, 11, 13, 15]


BACKBONES = {"vgg": vgg16_layers, "alex": alexnet_layers}


class LinearHead(nn.Module):
    """One non-negative weight a channel; the index 1 keeps the key of the published file (0 was dropout)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.model = nn.ModuleDict({"1": nn.Conv2d(channels, 1, 1, bias=False)})


class ScalingLayer(nn.Module):
    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(1, 3, 1, 1))
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.shift) / self.scale


class STLPIPS(SlicedNetwork):
    """A `Perceptual` (see `stages.nets`); images are (B, 3, H, W) in [-1, 1]."""

    def __init__(self, backbone: str = "vgg") -> None:
        super().__init__()
        self.name = f"ST-LPIPS-{LABELS.get(backbone, backbone)}"
        self.scaling_layer = ScalingLayer()
        layers, ends = BACKBONES[backbone]()
        self.net = nn.Module()
        start = 0
        for i, end in enumerate(ends):
            part = nn.Sequential()
            for index in range(start, end):
                part.add_module(str(index), layers[index])
            self.net.add_module(f"slice{i + 1}", part)
            width = next(layer.out_channels for layer in reversed(part) if isinstance(layer, nn.Conv2d))
            self.add_module(f"lin{i}", LinearHead(width))
            start = end
        self.blocks = len(ends)
        self.requires_grad_(False)

    def head(self, i: int) -> Tensor:
        """The weights (C,) of the channels of block i."""
        weights: Tensor = getattr(self, f"lin{i}").model["1"].weight.flatten()
        return weights
