"""What the perceptual networks have in common: features of slices, and their distance under a mask."""

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-10
LABELS = {"vgg": "VGG", "alex": "Alex"}  # of the backbones, in the names of metrics


class SlicedNetwork(nn.Module):
    """A `Perceptual` (see `stages.nets`) on a backbone in slices `net.slice1` … and a linear head for each slice.

    A subclass sets `name`, `net`, `scaling_layer` and `blocks`, the number of slices, and defines `head`, which weighs
    and sums the channels of slice i: (i, (B, C_i, h, w)) to (B, 1, h, w).
    """

    name: str
    blocks: int
    head: Callable[[int, Tensor], Tensor]

    def features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """ReLU outputs (B, C_i, h_i, w_i) of the first `blocks` slices, of all by default, for images in [-1, 1]."""
        return self.raw_features(self.scaling_layer(image), blocks)

    def raw_features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """`features` of an image as it is, not brought to the mean and deviation of the backbone's training images.

        On VGG16 these are relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3: torchvision's layers 3, 8, 15, 22 and 29.
        """
        x, outputs = image, []
        for i in range(blocks or self.blocks):
            x = getattr(self.net, f"slice{i + 1}")(x)
            outputs.append(x)
        return outputs

    def distance(self, a: Sequence[Tensor], b: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
        """LPIPS distance (B,) of two images given by the features of their first slices.

        With a mask (B, 1, H, W) ≥ 0 each slice's distance map is averaged under the mask brought to its size, item
        by item; an item whose mask is empty contributes 0.
        """
        total = a[0].new_zeros(len(a[0]))
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            total = total + masked_mean(distance_map(self, i, x, y), mask)
        return total


def distance_map(net: SlicedNetwork, i: int, x: Tensor, y: Tensor) -> Tensor:
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
