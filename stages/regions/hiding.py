"""Label maps of which a part is hidden by the hair of other maps, so that the truth under that hair is known."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.layers import is_one_of

LEAST_HIDDEN = 0.02  # share of the map that is worth a test


class Hidden(NamedTuple):
    """A map without what hid a part of it: three (H, W) arrays.

    `labels` uint8, right but at the holes, where it is hair. `holes` bool. `truth` uint8: what is there; where it is
    hair too, nobody knows.
    """

    labels: np.ndarray
    holes: np.ndarray
    truth: np.ndarray


def hide(truth: np.ndarray, old: np.ndarray, new: np.ndarray | None, scheme: LabelScheme) -> Hidden:
    """A label map as a hair transfer leaves it: old hair is gone, new hair is there, and the holes are what is left.

    Hair lies over no eyes, nose or mouth. So these are always known.

    Args:
        truth: label map (H, W) uint8.
        old: (H, W) bool, where hair lay over it.
        new: (H, W) bool, where new hair lies instead; None for the map's own hair.
        scheme: of the map.
    """
    own = hair_of(truth, scheme)
    may = own | is_one_of(truth, scheme.hidden_indices)
    placed = own if new is None else new & may
    holes = ((old & may) | own) & ~placed
    labels = np.where(holes | (placed & ~own), np.uint8(scheme["hair"]), truth)
    return Hidden(labels, holes, truth)


def hair_of(labels: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """(H, W) bool: hair and what covers it."""
    return is_one_of(labels, scheme.indices("hair"))


def hidden_by_others(maps: Sequence[np.ndarray], scheme: LabelScheme, seed: int) -> list[Hidden]:
    """Every map hidden by the hair of another one, chosen by the seed, if any hides `LEAST_HIDDEN` of it."""
    rng = np.random.default_rng(seed)
    found = []
    for k, truth in enumerate(maps):
        for other in rng.permutation(len(maps)).tolist():
            hidden = hide(truth, hair_of(maps[other], scheme), None, scheme)
            if other != k and hidden.holes.mean() >= LEAST_HIDDEN:
                found.append(hidden)
                break
    return found


def moved(labels: np.ndarray, rng: np.random.Generator, scheme: LabelScheme, shift: float, scale: float) -> np.ndarray:
    """A label map (H, H) shifted, scaled around its middle, and mirrored in one of two; its border goes on beyond it.

    Args:
        labels: the map.
        rng: what is random.
        scheme: of the map; mirrored, left is right.
        shift: share of the map, at most.
        scale: the factor is at most 1 more than this, or as much smaller.
    """
    size = len(labels)
    factor = (1 + scale) ** rng.uniform(-1, 1)
    offset = size * (shift * rng.uniform(-1, 1, 2) + (1 - factor) / 2)
    matrix = np.array([[factor, 0, offset[0]], [0, factor, offset[1]]])
    if rng.random() < 0.5:
        labels = np.array(scheme.mirrored, np.uint8)[labels[:, ::-1]]
    warped: np.ndarray = cv2.warpAffine(
        labels, matrix, (size, size), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return warped
