"""Reduction of square images to the size of the losses: by area, or bicubically as Barbershop's code does."""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

CUBIC = -0.5  # the kernel's free parameter


def area(image: Tensor, size: int) -> Tensor:
    """Reduce an image (B, C, N, N) to `size` by averaging; a smaller one is enlarged by repeating pixels."""
    return image if image.shape[-1] == size else functional.interpolate(image, (size, size), mode="area")


@cache
def taps(factor: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The kernel of a reduction by `factor`: (4·factor,) samples of the cubic, stretched and normalised."""
    distance = ((torch.arange(4 * factor, dtype=torch.float64) - 2 * factor + 0.5) / factor).abs()
    near = (CUBIC + 2) * distance**3 - (CUBIC + 3) * distance**2 + 1
    far = CUBIC * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    weights = torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))
    return (weights / weights.sum()).float().to(device, dtype)


def bicubic_by(image: Tensor, factor: int) -> Tensor:
    """Reduce (B, C, H, W) by a whole factor behind a reflected border.

    A factor of 1 is not the identity: its kernel lies between the pixels and shifts by half of one.
    """
    kernel = taps(factor, image.device, image.dtype)
    before = 3 * factor // 2
    after = 3 * factor - before
    channels = image.shape[1]
    image = functional.pad(image, (0, 0, before, after), mode="reflect")
    image = functional.conv2d(
        image, kernel.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), stride=(factor, 1), groups=channels
    )
    image = functional.pad(image, (before, after, 0, 0), mode="reflect")
    return functional.conv2d(
        image, kernel.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), stride=(1, factor), groups=channels
    )


def bicubic(image: Tensor, size: int) -> Tensor:
    """Reduce a square image (B, C, N, N) to `size`, of which N is a multiple; no smaller one is touched."""
    factor = image.shape[-1] // size
    return image if factor <= 1 else bicubic_by(image, factor)
