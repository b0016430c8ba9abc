"""A region that gets the look of an image whose shape it does not have: hair of one photo in the colour of another.

In the paper the look of a composite is S, one code for the whole image: a weight that colours hair also colours skin
and background. A style scales the channels that a convolution reads, everywhere; here the channels of F are scaled
and shifted under the region's mask, so that a style holds in one region only. Where F has an edge or a strand it
keeps it. What is reached for is the paper's own style loss (section 3.4), on Gram matrices under the two masks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from stages.codes.alignment import gram_matrices, style_loss
from stages.codes.optimise import Variable
from stages.codes.reduction import area
from stages.nets import Perceptual
from stages.regions.masks import to_grid

SMALLEST_AREA = 1e-6  # of a mask, in pixels
SMALLEST_VARIANCE = 1e-8  # the square root of 0 has no gradient


class Look(NamedTuple):
    """What gets whose look.

    `image` (B, 3, h, w) in [-1, 1] gives it, `own` (B, 1, H, W) is where that shows the region, and `target`
    (B, 1, H, W) where the composite has it. Both masks in [0, 1].
    """

    image: Tensor
    own: Tensor
    target: Tensor


class Paint:
    """The per-channel scale and shift of F under the mask of each look, and how far each is from its goal."""

    def __init__(self, looks: Sequence[Look], perceptual: Perceptual, structure: Tensor, blocks: int) -> None:
        """`structure`: F (B, C, 32, 32) as it is before; `blocks`: those of the network that are compared."""
        self.structure = structure
        self.masks = [look.target for look in looks]
        self.grids = [to_grid(mask, structure.shape[-1]) for mask in self.masks]
        self.moments = [_moments(structure, grid) for grid in self.grids]
        self.changes = [torch.stack([torch.zeros_like(x) for x in m], 1).requires_grad_() for m in self.moments]
        with torch.no_grad():
            self.goals = [_statistics(look.image, perceptual.features(look.image, blocks), look.own) for look in looks]

    def variables(self, rate: float) -> list[Variable]:
        """What moves: how much larger the deviation of each channel gets, and by how many its mean is shifted."""
        return [Variable(change, rate) for change in self.changes]

    def painted(self) -> Tensor:
        """F with every look's scale and shift."""
        f = self.structure
        for grid, (mean, deviation), change in zip(self.grids, self.moments, self.changes, strict=True):
            scale, shift = change.unbind(1)
            f = f + grid * ((self.structure - mean) * scale + deviation * shift)
        return f

    def distances(self, image: Tensor, features: Sequence[Tensor]) -> list[Tensor]:
        """For each look the distance (B,) of an image (B, 3, h, w) and its features from what they should be."""
        distances = []
        for mask, (colour, grams) in zip(self.masks, self.goals, strict=True):
            current, current_grams = _statistics(image, features, mask)
            distances.append((current - colour).square().mean((1, 2)) + style_loss(current_grams, grams))
        return distances


def _statistics(image: Tensor, features: Sequence[Tensor], mask: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Under a mask, mean and deviation (B, 2, 3) of an image's colours, and the Gram matrices of its features."""
    weights = area(mask, image.shape[-1])
    colours = torch.stack([moment.flatten(1) for moment in _moments(image, weights)], 1)
    return colours, gram_matrices(features, weights)


def _moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (B, C, 1, 1) of x (B, C, h, w) under a mask (B, 1, h, w)."""
    weights = mask / mask.sum((2, 3), keepdim=True).clamp_min(SMALLEST_AREA)
    mean = (x * weights).sum((2, 3), keepdim=True)
    variance = ((x - mean).square() * weights).sum((2, 3), keepdim=True)
    return mean, (variance + SMALLEST_VARIANCE).sqrt()
