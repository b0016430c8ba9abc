"""What the perceptual networks have in common: distances of features under a mask."""

import math
from collections.abc import Sequence
from typing import Protocol

from torch import Tensor
from torch.nn import functional

EPSILON = 1e-10
LABELS = {"vgg": "VGG", "alex": "Alex"}  # of the backbones, in the names of metrics


class Heads(Protocol):
    """A network that weighs the channels of its feature blocks."""

    def head(self, i: int, x: Tensor) -> Tensor:
        """The weighted sum over the channels of block i, (B, C_i, h, w) to (B, 1, h, w)."""


def linear_distance(net: Heads, a: Sequence[Tensor], b: Sequence[Tensor], mask: Tensor | None) -> Tensor:
    """LPIPS (B,) of two images given by the features of their first blocks.

    With a mask (B, 1, H, W) ≥ 0 each block's distance map is averaged under the mask brought to its size, item
    by item; an item whose mask is empty contributes 0.
    """
    total = a[0].new_zeros(len(a[0]))
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        total = total + masked_mean(distance_map(net, i, x, y), mask)
    return total


def distance_map(net: Heads, i: int, x: Tensor, y: Tensor) -> Tensor:
    """Weighted squared difference of the unit features of block i; (B, 1, h, w)."""
    return net.head(i, (unit(x) - unit(y)).square())


def unit(x: Tensor) -> Tensor:
    """Scale every pixel's feature vector to length 1."""
    return x / (x.square().sum(1, keepdim=True).add(EPSILON**2).sqrt() + EPSILON)


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over space of (B, 1, h, w) under a mask (B, 1, H, W) averaged down to h × w; (B,)."""
    if mask is None:
        return values.mean((1, 2, 3))
    weights = functional.interpolate(mask, values.shape[2:], mode="area")
    return (values * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp_min(math.ulp(1.0))
