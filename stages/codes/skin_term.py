"""A term of alignment: skin that hair covered gets the shade that the visible skin foretells, in L*a*b*.

L*a*b*, since there a distance is about as large as it looks, on dark skin as on light. In linear light, or in sRGB, the
same stain counts a tenth on dark skin of what it counts on light skin.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.reduction import area
from stages.nets.sliced_network import masked_mean
from stages.regions.skin import GRID, shade

# Columns are the XYZ of sRGB's red, green and blue (IEC 61966-2-1), over those of the white D65, 2° observer.
TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
WHITE = (0.95047, 1.0, 1.08883)
LAB = ((0.0, 116.0, 0.0), (500.0, -500.0, 0.0), (0.0, 200.0, -200.0))
SMALL = 0.008856  # below it CIE's cube root is a line


class Shade(NamedTuple):
    """The shade that skin should have, (B, 3, 32, 32) in L*a*b*, and where, (B, 1, H, W) in [0, 1]."""

    goal: Tensor
    mask: Tensor


def lab(image: Tensor) -> Tensor:
    """L*a*b* (B, 3, H, W) of an sRGB image (B, 3, H, W) in [-1, 1]; what lies outside is clamped. Differentiable."""
    rgb = ((image.float() + 1) / 2).clamp(0, 1)
    linear = torch.where(rgb > 0.04045, ((rgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    scaled = torch.tensor(TO_XYZ).to(linear) / torch.tensor(WHITE).to(linear)[:, None]
    xyz = torch.einsum("ij,bjhw->bihw", scaled, linear)
    root = torch.where(xyz > SMALL, xyz.clamp_min(SMALL) ** (1 / 3), 7.787 * xyz + 16 / 116)
    found = torch.einsum("ij,bjhw->bihw", torch.tensor(LAB).to(root), root)
    return found - torch.tensor([16.0, 0, 0]).to(found)[:, None, None]


def cells(colours: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Means (B, 3, 32, 32) of colours (B, 3, H, W) under a mask (B, 1, H, W), and its shares (B, 1, 32, 32)."""
    shares = functional.adaptive_avg_pool2d(mask, GRID)
    return functional.adaptive_avg_pool2d(colours * mask, GRID) / shares.clamp_min(1e-6), shares


def shade_of(image: Tensor, visible: Tensor, uncovered: Tensor) -> Shade:
    """What the skin that an image shows foretells of what hair covered. Where it shows none, nothing is wanted.

    Args:
        image: (B, 3, S, S) in [-1, 1].
        visible, uncovered: (B, 1, H, W) in [0, 1]: where the image shows skin, and where it has to become skin.
    """
    foretold = visible.flatten(1).any(1)
    colours, shares = cells(lab(image), area(visible, image.shape[-1]))
    of_each = zip(colours.double().cpu().numpy(), shares.double().cpu().numpy(), strict=True)
    goal = [
        torch.from_numpy(shade(each.transpose(1, 2, 0), share[0]) if share.any() else each.transpose(1, 2, 0))
        for each, share in of_each
    ]
    return Shade(torch.stack(goal).permute(0, 3, 1, 2).to(image), uncovered * foretold[:, None, None, None])


def shade_loss(image: Tensor, wanted: Shade) -> Tensor:
    """Mean squared distance of the shade of an image (B, 3, S, S) from what is wanted, 1 for 100 units; (B,)."""
    colours, shares = cells(lab(image), area(wanted.mask, image.shape[-1]))
    return masked_mean((colours - wanted.goal).square().sum(1, keepdim=True) / 100**2, shares)
