"""Error maps: where a composite differs from what it should show, in colours."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image

from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.transfer_masks import transfer_masks

LARGEST_ERROR = 0.4  # of [0, 1]: the end of the error maps' scale
UNKNOWN = 0.75  # grey of an error map where no image says what should be there
ERRORS = "inferno"


def reduced(image: np.ndarray, size: int) -> np.ndarray:
    """An image, uint8 (H, W, 3), brought to `size` px by the mean over pixels; larger than it is, it is as it was."""
    if len(image) <= size:
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BOX))


def error_map(image: np.ndarray, source: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Colours, uint8 (H, W, 3), of the mean absolute difference over the channels of two uint8 images (H, W, 3).

    It is grey where `known`, bool (H, W), is False.
    """
    difference = np.abs(image.astype(np.float64) - source).mean(2) / 255
    colours = matplotlib.colormaps[ERRORS](np.minimum(difference / LARGEST_ERROR, 1))[..., :3]
    return np.round(255 * np.where(known[..., None], colours, UNKNOWN)).astype(np.uint8)


def transfer_error(
    pair: Pair,
    composite: np.ndarray,
    sources: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    target: np.ndarray,
    scheme: LabelScheme,
    size: int,
) -> np.ndarray:
    """Error map of a composite against the image that each pixel is taken from, where that image shows it itself.

    Args:
        pair: the pair.
        composite: uint8 (H, H, 3).
        sources, maps: the images of its references, uint8 (H, H, 3), and their label maps.
        target: the target map; all maps are uint8 (h, h), h a multiple of `size` or smaller.
        scheme: of the label maps.
        size: edge of the result, px; at most that of the smallest of all these.
    """
    size = min(size, len(composite), len(target))
    step = len(target) // size
    masks = transfer_masks(pair, maps, target, scheme)
    source = np.zeros((size, size, 3), np.uint8)
    known = np.zeros((size, size), bool)
    for image, mask in zip(sources, [masks.kept, *masks.taken], strict=True):
        small = mask[::step, ::step]
        source[small] = reduced(image, size)[small]
        known |= small
    return error_map(reduced(composite, size), source, known)
