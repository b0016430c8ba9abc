"""Features of whole images, that distances of sets are taken of."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from stages.scoring.prepared import PreparedImage

INCEPTION = "Inception"
CLIP = "CLIP "  # before the title of a CLIP
CLIP_B32, CLIP_336 = f"{CLIP}ViT-B/32", f"{CLIP}ViT-L/14@336"
SMALLEST_LENGTH = 1e-10  # of a pixel's features, which may all be 0


class FeatureKind(NamedTuple):
    """Features (d,) float64 of a prepared image, and what they are called; those of Inception make FID and KID."""

    name: str
    of: Callable[["PreparedImage"], "np.ndarray"]


def of_judge(judge: str, size: int) -> FeatureKind:
    """The last features of a judge, see `unit_features`."""
    return FeatureKind(judge_features(judge, size), lambda image: unit_features(image.features[judge][-1]))


def judge_features(judge: str, size: int) -> str:
    """What the features of `of_judge` are called."""
    return f"unit {judge}@{size}"


def of_inception(weights: Path, device: "torch.device") -> FeatureKind:
    """The pooled features of pytorch-fid's Inception; raises UserError if the file is not the published one."""
    from stages.formats.tensors import from_rgb
    from stages.scoring.inception import load_inception, pool_features
    from stages.scoring.together import ask

    pooled = partial(pool_features, load_inception(weights, device))
    return FeatureKind(
        INCEPTION,
        lambda image: ask(pooled, from_rgb(image.pixels, device))[0].double().cpu().numpy(),
    )


def of_clip(title: str, encode: "Callable[[np.ndarray], np.ndarray]") -> FeatureKind:
    """A CLIP's features of whole images, as `encode` gives them."""
    return FeatureKind(f"{CLIP}{title}", lambda image: encode(image.pixels))


def is_clip(features: str) -> bool:
    """Whether features of a name are a CLIP's."""
    return features.startswith(CLIP)


def unit_features(features: "Tensor") -> "np.ndarray":
    """Features (1, C, h, w) at unit length, as LPIPS compares them, averaged over the pixels, times √C; (C,) float64.

    Without the unit length one channel of ST-LPIPS's VGG16 (437 of relu5_3, a sixth of a pooled vector's square) and
    the strength of the activations, which varies by a factor of two from face to face, decide every distance of sets.
    """
    length = features.norm(dim=1, keepdim=True).clamp_min(SMALLEST_LENGTH)
    means: np.ndarray = (features / length).mean((0, 2, 3)).double().cpu().numpy() * math.sqrt(features.shape[1])
    return means
