"""How near a region comes to the look that it gets from an image of another shape, where no pixel has a counterpart."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from skimage.color import deltaE_ciede2000, rgb2lab

from stages.codes.alignment import STYLE_BLOCKS, gram_matrices, style_loss
from stages.regions.pair import Pair
from stages.scoring.judges import Judges, Look, resize_mask


def colour_difference(a: np.ndarray, mask_a: np.ndarray, b: np.ndarray, mask_b: np.ndarray) -> float:
    """CIEDE2000 of the mean colours, taken in L*a*b*, of two images (H, W, 3) in [0, 1] under their masks (H, W).

    A mask holds weights ≥ 0 and is not empty. Source: Sharma, Wu and Dalal 2005, through scikit-image.
    """
    means = [np.average(rgb2lab(x).reshape(-1, 3), axis=0, weights=m.ravel()) for x, m in ((a, mask_a), (b, mask_b))]
    return float(deltaE_ciede2000(*means))


def look_metrics(judges: Judges) -> tuple[str, str]:
    """Names of the two: of mean colours, and of the Gram matrices of the first judge's features."""
    return f"look CIEDE2000@{judges.size}", f"look Gram {next(iter(judges.perceptuals))}@{judges.size}"


def compare_looks(
    judges: Judges, pair: Pair, composite: Look, sources: Sequence[Look], own: Sequence[np.ndarray], target: np.ndarray
) -> dict[str, float]:
    """Compare what gets a look, where the target map (H, W) has it, with the image that gives it, under its own map.

    `sources` and `own` are the looks and the label maps of all images of the pair. The means over the images that
    give a look; nan if none does.
    """
    scheme = judges.parser.scheme
    first = next(iter(judges.perceptuals))
    values = []
    for k, labels in pair.painted(scheme).items():
        masks = [resize_mask(np.isin(labelled, list(labels)), judges.size) for labelled in (target, own[k])]
        grams = [
            gram_matrices(look.features[first][:STYLE_BLOCKS], torch.from_numpy(mask)[None, None].to(look.tensor))
            for look, mask in zip((composite, sources[k]), masks, strict=True)
        ]
        colours = colour_difference(composite.small, masks[0], sources[k].small, masks[1])
        values.append((colours, style_loss(*grams).item()))
    means = np.mean(values, axis=0) if values else (math.nan, math.nan)
    return dict(zip(look_metrics(judges), map(float, means), strict=True))
