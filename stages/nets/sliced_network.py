"""What the perceptual networks have in common: features of slices, and their distance under a mask."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.autograd import Context
from stages.nets.interfaces import Perceptual

EPSILON = 1e-10
LABELS = {"vgg": "VGG", "alex": "Alex"}  # of the backbones, in the names of metrics


class SlicedNetwork(nn.Module):
    """A `Perceptual` (see `stages.nets`) on a backbone in slices `net.slice1` … and a linear head for each slice.

    A subclass sets `name`, `net`, `scaling_layer` and `blocks`, the number of slices, and defines `head`: the weights
    (C_i,) of the channels of slice i.
    """

    name: str
    blocks: int
    net: nn.Module
    scaling_layer: nn.Module
    convolutions = ("net",)
    dtype: torch.dtype | None = None  # of the convolutions, if another than the input's

    def head(self, i: int) -> Tensor:
        """The weights (C,) of the channels of block i."""
        raise NotImplementedError

    def slice(self, i: int) -> nn.Sequential:
        """The layers of block i."""
        part: nn.Sequential = getattr(self.net, f"slice{i + 1}")
        return part

    def features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """ReLU outputs (B, C_i, h_i, w_i) of the first `blocks` slices, of all by default, for images in [-1, 1]."""
        return self.raw_features(self.scaling_layer(image), blocks)

    def raw_features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """`features` of an image as it is, not brought to the mean and deviation of the backbone's training images.

        On VGG16 these are relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3: torchvision's layers 3, 8, 15, 22 and 29.
        """
        x, outputs = image.to(self.dtype or image.dtype), []
        for i in range(blocks or self.blocks):
            x = self.slice(i)(x)
            outputs.append(x.to(image.dtype))
        return outputs

    def first_layer(self, image: Tensor) -> Tensor:
        """Output (B, C, h, w) of the first convolution and its ReLU, relu1_1 of VGG16, for images in [-1, 1]."""
        x = self.scaling_layer(image).to(self.dtype or image.dtype)
        return to_first_relu(self.slice(0), x).to(image.dtype)

    def distance(self, a: Sequence[Tensor], b: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
        """LPIPS distance (B,) of two images given by the features of their first slices.

        With a mask (B, 1, H, W) ≥ 0 each slice's distance map is averaged under the mask brought to its size, item
        by item; an item whose mask is empty contributes 0. `b` is fixed: no gradient flows to it.
        """
        total = a[0].new_zeros(len(a[0]))
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            total = total + masked_mean(distance_map(self, i, x, y), mask)
        return total


def to_first_relu(layers: nn.Sequential, x: Tensor) -> Tensor:
    """What comes out of the first ReLU of some layers."""
    for layer in layers:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            break
    return x


def distance_map(net: Perceptual, i: int, x: Tensor, y: Tensor) -> Tensor:
    """Weighted squared difference of the unit features of block i; (B, 1, h, w). No gradient flows to y."""
    distance: Tensor = _UnitDistance.apply(x, y.detach(), net.head(i))
    return distance


class _UnitDistance(torch.autograd.Function):
    """Σ_c weight_c (x_c/|x| − y_c/|y|)² at every pixel of x and y (B, C, h, w), as (B, 1, h, w).

    Features are large and this is arithmetic on every element, so what counts is how often memory is passed: about a
    dozen times here, twice as often when autograd takes it apart.
    """

    @staticmethod
    def forward(ctx: Context, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        x, y = x.permute(0, 2, 3, 1), y.permute(0, 2, 3, 1)
        length = _length(x)
        difference = y * (1 / (_length(y) + EPSILON))
        difference -= x * (1 / (length + EPSILON))
        ctx.save_for_backward(x, difference, length, weight)
        return (difference.square() @ weight)[:, None]

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor, None, None]:
        x, difference, length, weight = ctx.saved_tensors
        inverse = 1 / (length + EPSILON)
        outer = (difference * weight).mul_(2 * grad.permute(0, 2, 3, 1))
        radial = (outer * x).sum(-1, keepdim=True) * inverse.square() / length
        return outer.mul_(-inverse).addcmul_(x, radial).permute(0, 3, 1, 2), None, None


def _length(x: Tensor) -> Tensor:
    return x.square().sum(-1, keepdim=True).add_(EPSILON**2).sqrt_()


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over space of (B, 1, h, w) under a mask (B, 1, H, W) averaged down to h × w; (B,)."""
    if mask is None:
        return values.mean((1, 2, 3))
    weights = functional.interpolate(mask, values.shape[2:], mode="area")
    return (values * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp_min(math.ulp(1.0))
