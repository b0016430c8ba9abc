"""Masks of label regions as float tensors, at the size of the image and at that of the structure code F."""

import math
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


def blurred(mask: Tensor, deviation: float) -> Tensor:
    """`mask` (B, K, H, W) behind a Gaussian filter whose standard deviation is given in pixels; 0: as it is.

    What is outside the frame is as its border. What sums to 1 over K still does.
    """
    if deviation == 0:
        return mask
    reach = math.ceil(3 * deviation)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1).to(mask) / deviation).square())
    kernel = kernel / kernel.sum()
    batch, count, height, width = mask.shape
    flat = functional.pad(mask.reshape(-1, 1, height, width), (reach,) * 4, mode="replicate")
    flat = functional.conv2d(functional.conv2d(flat, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return flat.view(batch, count, height, width)


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
