"""FAN (Bulat and Tzimiropoulos 2017) with 98 landmarks and coordinates, as StarGAN v2 uses it: heat maps and landmarks.

The state dict has the keys of `fan` in the official checkpoint. `stages.nets.fan_masks` makes masks of the heat maps.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

POINTS = 98
SIZE, MAP_SIZE = 256, 64  # px of the image, and of the heat maps
DEPTH = 4  # of the hourglass


def with_coordinates(x: Tensor) -> Tensor:
    """x (B, C, h, h) with three channels more: row and column from -1 to 1, and the distance from the centre."""
    line = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    row, column = torch.meshgrid(line, line, indexing="ij")
    radius = (row.square() + column.square()).sqrt()
    planes = torch.stack([row, column, radius / radius.max()])
    return torch.cat([x, planes.expand(len(x), -1, -1, -1)], 1)


class CoordConv(nn.Module):
    """A convolution that sees where a pixel is."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in + 3, channels_out, kernel, stride, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(with_coordinates(x))
        return out


class ConvBlock(nn.Module):
    """Three convolutions in a row, whose results are put side by side; beside the identity or a 1×1 convolution."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        half, quarter = channels_out // 2, channels_out // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(channels_in), nn.Conv2d(channels_in, half, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.downsample = (
            nn.Sequential(
                nn.BatchNorm2d(channels_in), nn.ReLU(), nn.Conv2d(channels_in, channels_out, 1, bias=False)
            )
            if channels_in != channels_out else None
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        a = self.conv1(functional.relu(self.bn1(x)))
        b = self.conv2(functional.relu(self.bn2(a)))
        c = self.conv3(functional.relu(self.bn3(b)))
        return torch.cat([a, b, c], 1) + (x if self.downsample is None else self.downsample(x))


class Hourglass(nn.Module):
    """Down to a sixteenth of the size and up again, with a branch beside at every size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coordconv = CoordConv(channels, channels, 1)
        for depth in range(1, DEPTH + 1):
            for branch in ("b1", "b2", "b3"):
                self.add_module(f"{branch}_{depth}", ConvBlock(channels, channels))
        self.b2_plus_1 = ConvBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self._below(DEPTH, self.coordconv(x))

    def _below(self, depth: int, x: Tensor) -> Tensor:
        low = self.get_submodule(f"b2_{depth}")(functional.avg_pool2d(x, 2))
        low = self.b2_plus_1(low) if depth == 1 else self._below(depth - 1, low)
        low = self.get_submodule(f"b3_{depth}")(low)
        beside: Tensor = self.get_submodule(f"b1_{depth}")(x)
        return beside + functional.interpolate(low, scale_factor=2)


class FAN(nn.Module):
    """Heat maps of 98 landmarks in the order of WFLW."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = CoordConv(3, 64, 7, stride=2), nn.BatchNorm2d(64)
        self.conv2, self.conv3, self.conv4 = ConvBlock(64, 128), ConvBlock(128, 128), ConvBlock(128, 256)
        self.m0, self.top_m_0 = Hourglass(256), ConvBlock(256, 256)
        self.conv_last0, self.bn_end0 = nn.Conv2d(256, 256, 1), nn.BatchNorm2d(256)
        self.l0 = nn.Conv2d(256, POINTS + 1, 1)  # the last map, of the face's outline, is not used

    def forward(self, image: Tensor) -> Tensor:
        """Heat maps (B, 98, 64, 64), nominally in [0, 1], of an image (B, 3, 256, 256) in [-1, 1]."""
        x = self.conv2(functional.relu(self.bn1(self.conv1(image / 2 + 0.5))))
        x = self.conv4(self.conv3(functional.avg_pool2d(x, 2)))
        x = self.top_m_0(self.m0(x))
        heat: Tensor = self.l0(functional.relu(self.bn_end0(self.conv_last0(x))))
        return heat[:, :POINTS]


def landmarks(heat: Tensor) -> Tensor:
    """Landmarks (B, 98, 2) as x and y in px of the image of 256 px, from heat maps (B, 98, 64, 64).

    Where a map is largest, moved by a quarter of its pixel to the larger neighbour, unless that is at the edge.
    """
    size = heat.shape[-1]
    best = heat.flatten(2).argmax(2)
    row, column = best // size, best % size
    inside = (row > 0) & (row < size - 1) & (column > 0) & (column < size - 1)
    flat = heat.flatten(2)

    def towards_larger(step: int) -> Tensor:
        there = flat.gather(2, (best + step).clamp(0, size**2 - 1)[..., None])
        back = flat.gather(2, (best - step).clamp(0, size**2 - 1)[..., None])
        return (there - back)[..., 0].sign() * inside / 4

    points = torch.stack([column + towards_larger(1), row + towards_larger(size)], -1)
    return (points + 0.5) * (SIZE // size)
