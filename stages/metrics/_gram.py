"""Distance of two textures by Gram matrices, as the metrics take it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def gram_distance(a: "Sequence[Tensor]", mask_a: np.ndarray, b: "Sequence[Tensor]", mask_b: np.ndarray) -> float:
    """Squared difference of the Gram matrices of two images' features as a share of the second's square; at least 0.

    Args:
        a, b: features (1, C, h, w) of every block of a perceptual network.
        mask_a, mask_b: weights (H, W) in [0, 1], each of its own image.
    """
    import torch

    from stages.codes.style import STYLE_BLOCKS, masked_grams, share_of_grams

    grams = [
        masked_grams(features[:STYLE_BLOCKS], torch.from_numpy(mask)[None, None].to(features[0]))
        for features, mask in ((a, mask_a), (b, mask_b))
    ]
    return float(share_of_grams(*grams).item())
