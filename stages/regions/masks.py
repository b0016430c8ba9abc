"""Masks of label regions as float tensors, at the size of the image and at that of the structure code F."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional


def region_mask(labels: Tensor, indices: Iterable[int]) -> Tensor:
    """1.0 where `labels` (B, H, W), any integer dtype, is one of `indices`, else 0.0; float32 (B, 1, H, W)."""
    labels = labels.long()
    mask = torch.zeros_like(labels, dtype=torch.bool)
    for index in indices:  # a tensor of them would have to be copied to the labels' device, which then waits for it
        mask |= labels == index
    return mask[:, None].float()


def to_grid(mask: Tensor, size: int = 32) -> Tensor:
    """Bring `mask` (B, 1, H, W), in [0,1], to the (B, 1, size, size) of F: the mean over the area of each cell.

    A mean stays in [0,1], as mixing weights must. The official code's bicubic reduction does not: it leaves
    [-0.16, 1.16] (docs/paper.md).
    """
    return functional.interpolate(mask, size=(size, size), mode="area")


def dilate(mask: Tensor, pixels: int) -> Tensor:
    """Grow the binary `mask` (B, 1, H, W) float by the L1 ball of radius `pixels`: a cross, iterated.

    What is outside the frame is unknown and changes nothing; 0 pixels is the identity. Raises ValueError if
    `pixels` is negative.
    """
    if pixels < 0:
        raise ValueError(f"cannot grow or shrink a mask by {pixels} pixels")
    for _ in range(pixels):
        # The pooling pads with minus infinity, which never is a maximum.
        upright = functional.max_pool2d(mask, (3, 1), stride=1, padding=(1, 0))
        flat = functional.max_pool2d(mask, (1, 3), stride=1, padding=(0, 1))
        mask = torch.maximum(upright, flat)
    return mask


def erode(mask: Tensor, pixels: int) -> Tensor:
    """Shrink the binary `mask` (B, 1, H, W) float by the L1 ball of radius `pixels`; the dual of `dilate`.

    It does not eat at the frame, because nothing says that a region ends there. The official code takes the
    outside for empty, and so loses hair that leaves the image. Raises ValueError if `pixels` is negative.
    """
    return 1 - dilate(1 - mask, pixels)
