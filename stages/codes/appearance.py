"""A region that gets the look of an image whose shape it does not have: hair of one photo in the colour of another.

In the paper the look of a composite is S, one code for the whole image: a weight that colours hair also colours skin
and background. Here S stays that of the images that give shape, and F is freed under the region's mask. What is
reached for is the region itself in the other's colours, so that strands stay where they are.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from stages.codes.optimise import Variable
from stages.codes.reduction import area
from stages.nets.interfaces import Perceptual
from stages.nets.sliced_network import masked_mean
from stages.regions.masks import erode, to_grid

BORDER = 12  # px at 512 px along a region's border whose colours are mixed with what is behind
INSIDE = 0.99  # share of a pixel that the region has to cover for its colour to count among the region's
RANGE = (0.01, 0.99)  # quantiles of a channel between which the new colours stay
RIDGE = 1e-4  # variance added to each channel, in units of [-1, 1]: what has one colour has no directions


class LookTask(NamedTuple):
    """What gets whose look.

    `image` (B, 3, h, w) in [-1, 1] gives it, `own` (B, 1, H, W) is where that shows the region, and `target`
    (B, 1, H, W) where the composite has it. Both masks in [0, 1].
    """

    image: Tensor
    own: Tensor
    target: Tensor


class Paint:
    """The change of F under the mask of each look, and how far an image is from what it should be."""

    def __init__(
        self,
        looks: Sequence[LookTask],
        perceptual: Perceptual,
        structure: Tensor,
        render: Callable[[Tensor], Tensor],
        blocks: int,
    ) -> None:
        """`structure`: F (B, C, 32, 32) as it is before, which `render` shows; `blocks`: those that are compared."""
        self.structure, self.perceptual = structure, perceptual
        self.masks = [look.target for look in looks]
        self.grids = [to_grid(mask, structure.shape[-1]) for mask in self.masks]
        self.changes = [torch.zeros_like(structure, requires_grad=True) for _ in looks]
        with torch.no_grad():
            before = render(structure) if looks else structure
            self.goals = [recoloured(before, *look) for look in looks]
            self.features = [perceptual.features(goal, blocks) for goal in self.goals]

    def variables(self, rate: float) -> list[Variable]:
        """What moves."""
        return [Variable(change, rate) for change in self.changes]

    def painted(self) -> Tensor:
        """F with the change of every look."""
        return self.structure + sum(grid * change for grid, change in zip(self.grids, self.changes, strict=True))

    def distances(self, image: Tensor, features: list[Tensor], mse: float) -> list[Tensor]:
        """For each look the distance (B,) of an image and its features from the goal; squared errors count `mse`."""
        return [
            mse * masked_mean((image - goal).square().mean(1, keepdim=True), mask)
            + self.perceptual.distance(features, of_goal, mask)
            for mask, goal, of_goal in zip(self.masks, self.goals, self.features, strict=True)
        ]


def recoloured(image: Tensor, giver: Tensor, own: Tensor, target: Tensor) -> Tensor:
    """An image (B, 3, h, w) with `target` in the colours that `giver` (B, 3, h, w) has under `own`.

    Mean and covariance of the colours become the giver's by the linear map that moves colours least (Pitié and Kokaram
    2007); no channel leaves the giver's range. Colours along the regions' borders are left out of the count.
    """
    changed = [
        _mapped(pixels, *(_inside(x, mask) for x, mask in ((pixels, where), (other, shown))))
        for pixels, other, shown, where in zip(image, giver, own, target, strict=True)
    ]
    weight = area(target, image.shape[-1])
    return weight * torch.stack(changed) + (1 - weight) * image


def _inside(image: Tensor, mask: Tensor) -> Tensor:
    """Colours (3, N) of an image (3, h, w) inside a mask (1, H, W), away from its border unless it is all border."""
    for inner in (erode(mask[None], BORDER), mask[None]):
        covered = area(inner, image.shape[-1])[0, 0]
        if (chosen := covered >= INSIDE).any():
            return image[:, chosen]
    return image[:, covered == covered.max()]


def _mapped(image: Tensor, colours: Tensor, goal: Tensor) -> Tensor:
    """An image (3, h, w) under the map that gives its `colours` (3, N) the distribution of `goal` (3, M)."""
    (mean, covariance), (goal_mean, goal_covariance) = _moments(colours), _moments(goal)
    root = _root(covariance)
    inverse = torch.linalg.inv(root)
    slope = inverse @ _root(root @ goal_covariance @ root) @ inverse
    mapped = slope @ (image.flatten(1) - mean) + goal_mean
    low, high = (goal.quantile(q, dim=1, keepdim=True) for q in RANGE)
    within: Tensor = mapped.clamp(low, high).view_as(image)
    return within


def _moments(colours: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3, 1) and covariance (3, 3) of colours (3, N)."""
    mean = colours.mean(1, keepdim=True)
    spread = colours - mean
    return mean, spread @ spread.T / colours.shape[1] + RIDGE * torch.eye(3).to(colours)


def _root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = vectors * values.clamp_min(0).sqrt() @ vectors.T
    return root
