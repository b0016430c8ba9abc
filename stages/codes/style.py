"""The look of a region as Gram matrices of features: as this project compares them, and as the official code does."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from stages.nets.interfaces import Perceptual

STYLE_BLOCKS = 4  # relu1_2, relu2_2, relu3_3, relu4_3 of VGG16, as in the official code
SMALL = 256  # px at which the official code takes them
SMALLEST_GRAM = 1e-12  # what an empty region is divided by


def masked_grams(features: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
    """Gram matrices (B, C, C) of masked features (B, C, h, w), per unit of masked area.

    The official code divides by the whole area; then two regions of one look but of different size differ. A mask
    (B, 1, H, W) in [0, 1] that is empty gives zeros.
    """
    grams = []
    for feature in features:
        weight = functional.interpolate(mask, feature.shape[2:], mode="area")
        area = weight.sum((1, 2, 3)).clamp_min(1.0)
        flat = (feature * weight).flatten(2)
        grams.append(flat @ flat.transpose(1, 2) / (area * feature.shape[1])[:, None, None])
    return grams


def share_of_grams(a: list[Tensor], goal: list[Tensor]) -> Tensor:
    """Squared difference of Gram matrices as a share of the goal's square, mean over the layers; (B,).

    The share makes one weight fit layers, networks and textures of any strength; the official code takes the
    plain mean square times 4e4.
    """
    shares = [
        (x - y).square().sum((1, 2)) / y.square().sum((1, 2)).clamp_min(SMALLEST_GRAM)
        for x, y in zip(a, goal, strict=True)
    ]
    return torch.stack(shares).mean(0)


def official_grams(perceptual: Perceptual, image: Tensor, mask: Tensor) -> list[Tensor]:
    """Gram matrices (B, C, C) of a masked image's masked features, over h·w·C of the whole square.

    The mask is applied twice: to the image, and by its nearest pixel to the features. The network sees [-1, 1], not
    scaled as in its training.

    Args:
        perceptual: LPIPS on VGG16, or another network with raw features.
        image: (B, 3, N, N) in [-1, 1]; enlarged bilinearly, corner on corner, if N is below 256.
        mask: (B, 1, N, N), 0 or 1.
    """
    image = functional.interpolate(image * mask, (SMALL, SMALL), mode="bilinear", align_corners=True)
    grams = []
    for feature in perceptual.raw_features(image, STYLE_BLOCKS):
        flat = (feature * functional.interpolate(mask, feature.shape[2:], mode="nearest")).flatten(2)
        grams.append(flat @ flat.transpose(1, 2) / flat[0].numel())
    return grams


def official_style_loss(a: list[Tensor], goal: list[Tensor]) -> Tensor:
    """Mean over the blocks of the mean squared difference of Gram matrices; (B,)."""
    return torch.stack([(x - y).square().mean((1, 2)) for x, y in zip(a, goal, strict=True)]).mean(0)
