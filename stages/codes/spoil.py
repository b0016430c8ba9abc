"""What photos have and drawn faces have not: light, blur, noise, JPEG. To train a network that meets both.

Images are (B, 3, H, W) in [-1, 1]; what is random comes from a seeded generator of the CPU. Each image is spoiled by
itself, each fault in some of them.
"""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

OFTEN = 0.3  # share of the images that a fault meets
NOISE = 0.08  # the largest deviation
QUALITY = (30, 90)  # of JPEG
# Deviations of logarithms: of a channel, of all, of the exponent, and from one side of the image to the other.
TINT, EXPOSURE, CONTRAST, RAMP = 0.15, 0.15, 0.25, 0.3


def chance(gaussian: torch.Generator) -> float:
    """A number in [0, 1)."""
    return float(torch.rand((), generator=gaussian))


def spoiled(images: Tensor, gaussian: torch.Generator) -> Tensor:
    """Images some of which are blurred, noisy, or saved as JPEG; colours and light stay."""
    return torch.stack([_spoiled(image, gaussian) for image in images])


def _spoiled(image: Tensor, gaussian: torch.Generator) -> Tensor:
    size = image.shape[-1]
    if chance(gaussian) < OFTEN:
        small = functional.interpolate(image[None], size=round(size / (1.5 + 1.5 * chance(gaussian))), mode="area")
        image = functional.interpolate(small, size=size, mode="bilinear")[0]
    if chance(gaussian) < OFTEN:
        image = image + NOISE * chance(gaussian) * torch.randn(image.shape, generator=gaussian)
    if chance(gaussian) < OFTEN:
        low, high = QUALITY
        image = as_jpeg(image, round(low + (high - low) * chance(gaussian)))
    return image.clamp(-1, 1)


def as_jpeg(image: Tensor, quality: int) -> Tensor:
    """An image (3, H, W) saved as JPEG and read."""
    pixels = ((image.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    saved = io.BytesIO()
    Image.fromarray(pixels).save(saved, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(saved))).permute(2, 0, 1).float() / 127.5 - 1


def relit(images: Tensor, gaussian: torch.Generator) -> Tensor:
    """Images in another light: tinted, brighter or darker, of another contrast, lit from a side."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(len(images), *shape, generator=gaussian)

    angle = 2 * math.pi * torch.rand(len(images), 1, 1, generator=gaussian)
    ramp = torch.linspace(-1, 1, images.shape[-1])
    across = (angle.cos() * ramp[:, None] + angle.sin() * ramp)[:, None]
    sideways = RAMP * torch.rand(len(images), 1, 1, 1, generator=gaussian) * across
    gain = TINT * normal(3, 1, 1) + EXPOSURE * normal(1, 1, 1) + sideways
    level = ((images + 1) / 2).clamp(1e-3, 1) ** (CONTRAST * normal(1, 1, 1)).exp()
    return (2 * level * gain.exp() - 1).clamp(-1, 1)
