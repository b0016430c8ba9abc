"""A photo's own pixels where a composite must keep it: where that is, a soft edge, and colours that fit along it.

The edge is feathered. Once the colours are matched, Laplacian pyramids (Burt and Adelson 1983) leave no smaller seam,
and bring low bands of what has to go, old hair, into what is taken.
"""

import cv2
import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, shown

# Grey levels of 255. Where photo and composite differ by more, they show different things, an ear before background for
# instance, and what matches their colours there would tint the rest.
TINT = 32.0
# Share of known pixels, weighted by their distance, at which half of what is known about the colours is believed.
FAINT = 0.03
COARSE = 6  # of the matching's σ there are so many pixels


def unchanged(pair: Pair, own: np.ndarray, target: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Where a composite must show the identity as it is: the same label in both maps, and nobody else's shape or look.

    Args:
        pair: the pair.
        own, target: the identity's label map and the target map, (h, w).
        scheme: of the labels.

    Returns:
        bool (h, w): false wherever the identity shows what has to go, as its old hair.
    """
    mine = pair.taken(scheme)[0] - frozenset[int]().union(*pair.painted(scheme).values())
    same: np.ndarray = shown(target, own, mine) & (own == target)
    return same


def opacity(kept: np.ndarray, margin: float, soft: float) -> np.ndarray:
    """How much of a composite shows: 1 up to `margin` px from what is not kept, then less, and 0 from `soft` px on.

    Args:
        kept: bool (H, W), at the image's size.
        margin, soft: px.

    Returns:
        float32 (H, W) in [0, 1]; 0 everywhere if all is kept.
    """
    if kept.all():
        return np.zeros(kept.shape, np.float32)
    return 1 - _smooth((_distance(kept) - margin) / soft)


def within(area: np.ndarray, soft: float) -> np.ndarray:
    """1 in an area, bool (H, W), but less within `soft` px of its border, and 0 outside; float32. The frame is none."""
    return np.ones(area.shape, np.float32) if area.all() else _smooth((_distance(area) - 1) / soft)


def restored(
    photo: np.ndarray, composite: np.ndarray, alpha: np.ndarray, known: np.ndarray, reach: float
) -> np.ndarray:
    """Lay a composite over the photo that it was made of; where it does not show, each pixel is the photo's own.

    Args:
        photo, composite: uint8 (H, W, 3).
        alpha: float32 (H, W) in [0, 1], the composite's opacity.
        known: bool (H, W), where the composite has pixels that should be the photo's wherever `alpha` is 0.
        reach: px over which its colours are matched to the photo's beside it (`tint`); 0: not at all.

    Raises:
        ValueError: the images differ in size.
    """
    if photo.shape != composite.shape:
        raise ValueError(f"the images {photo.shape} and {composite.shape} differ in size")
    fitting = composite.astype(np.float32)
    if reach > 0:
        fitting += tint(photo, composite, known & (alpha == 0), reach)
    mixed = photo + alpha[..., None] * (fitting - photo)
    return np.where(alpha[..., None] > 0, np.rint(mixed).clip(0, 255), photo).astype(np.uint8)


def tint(photo: np.ndarray, composite: np.ndarray, same: np.ndarray, reach: float) -> np.ndarray:
    """What to add to a composite so that its colours go on as the photo's do; float32 (H, W, 3).

    The mean of their differences where both show the same, weighted by a Gaussian of σ = `reach` px: the smooth
    membrane of Poisson blending (Pérez et al. 2003) as a convolution (Farbman et al., Convolution Pyramids, 2011),
    which fades away from the border instead of tinting all that is taken. A difference counts as Geman and McClure's
    estimator has it, by 1 / (1 + (difference / TINT)²)², since a large one is none of colour.

    Args:
        photo, composite: uint8 (H, W, 3).
        same: bool (H, W), where they should be equal.
        reach: px.
    """
    height, width = same.shape
    factor = max(reach / COARSE, 1)
    size = (max(round(width / factor), 1), max(round(height / factor), 1))
    share = cv2.resize(same.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
    difference = np.where(same[..., None], photo.astype(np.float32) - composite, 0)
    mean = cv2.resize(difference, size, interpolation=cv2.INTER_AREA).reshape(*share.shape[:2], 3) / share.clip(1e-6)
    weight = share / np.square(1 + np.square(mean).mean(-1, keepdims=True) / TINT**2)

    def spread(image: np.ndarray) -> np.ndarray:
        blurred: np.ndarray = cv2.GaussianBlur(image, (0, 0), reach / factor, borderType=cv2.BORDER_CONSTANT)
        return blurred.reshape(image.shape)

    offset = spread(weight * mean) / (spread(weight) + FAINT)
    return cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)


def at_size(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A mask, bool (h, w), at an image's size by its nearest pixels."""
    return cv2.resize(mask.astype(np.uint8), shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def _distance(mask: np.ndarray) -> np.ndarray:
    """Of each pixel of a mask the distance to the nearest that is not of it, px; 0 outside."""
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _smooth(t: np.ndarray) -> np.ndarray:
    """From 0 to 1 while t does, without a kink."""
    share: np.ndarray = t.clip(0, 1)
    share = share * share * (3 - 2 * share)
    return share
