"""Islands: connected parts of a label map that are too small to mean anything."""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.regions.layers import is_one_of

KINDS = 256  # values of uint8
NOBODY = np.uint8(KINDS - 1)  # in a label map: nothing to join; schemes have far fewer labels


def parts_of(labels: np.ndarray) -> np.ndarray:
    """(H, W) int32: the number of the connected part of one label that a pixel is in; pixels that share an edge."""
    parts = np.zeros(labels.shape, np.int32)
    count = 0
    for label in np.unique(labels):
        found, own = cv2.connectedComponents((labels == label).astype(np.uint8), connectivity=4)
        parts += np.where(own > 0, own + count - 1, 0).astype(np.int32)
        count += found - 1
    return parts


def small(labels: np.ndarray, least: float) -> np.ndarray:
    """(H, W) bool: the connected parts of one label that are smaller than a share `least` of the map."""
    parts = parts_of(labels)
    few = np.bincount(parts.ravel()) < least * labels.size
    is_small: np.ndarray = few[parts]
    return is_small


def without_islands(labels: np.ndarray, holes: np.ndarray, may: Sequence[int], least: float) -> np.ndarray:
    """A filled label map whose holes have no islands: what is filled with one goes to what lies beside it.

    The parts are those of the whole map, so a strip that goes on beyond its hole is no island. An island is given up
    from its shore inwards, to the label that most neighbours of a pixel have, of those that may be there. A hole that
    touches nothing of the kind, a gap in new hair, becomes one label, the one that most of it has.

    Args:
        labels: (H, W) uint8; known pixels stay as they are.
        holes: (H, W) bool, what was filled.
        may: labels that may be in holes.
        least: share of the map that is no island any more.
    """
    little, among = small(labels, least), np.array(may, np.uint8)
    settled = is_one_of(labels, may) & ~little
    framed = np.pad(np.where(settled, labels, NOBODY), 1, constant_values=NOBODY)
    loose, wide = np.flatnonzero(np.pad(holes & little, 1)), framed.shape[1]
    flat = framed.ravel()
    while loose.size:
        beside = flat[loose[:, None] + [-wide, -1, 1, wide]]
        votes = (beside[:, :, None] == among).sum(1)
        reached = votes.any(1)
        if not reached.any():
            break
        flat[loose[reached]] = among[votes[reached].argmax(1)]
        loose = loose[~reached]
    given = framed[1:-1, 1:-1]
    left = holes & (given == NOBODY)
    out = np.where(holes & ~left, given, labels)
    gaps = cv2.connectedComponents(left.astype(np.uint8), connectivity=4)[1][left]
    counts = np.bincount(gaps * KINDS + out[left], minlength=KINDS * (gaps.max(initial=0) + 1)).reshape(-1, KINDS)
    out[left] = counts.argmax(1)[gaps]
    return out
