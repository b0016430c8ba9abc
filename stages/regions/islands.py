"""Islands: connected parts of a label map that are too small to mean anything."""

from collections.abc import Sequence

import cv2
import numpy as np

from stages.regions.layers import is_one_of


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
    little = small(labels, least)
    loose = holes & little
    settled = is_one_of(labels, may) & ~little
    out = labels.copy()
    while loose.any():
        beside = np.stack([_neighbours(settled & (out == label)) for label in may])
        reached = loose & (beside.max(0) > 0)
        if not reached.any():
            break
        out[reached] = np.array(may, np.uint8)[beside.argmax(0)][reached]
        settled |= reached
        loose &= ~reached
    _, gaps = cv2.connectedComponents(loose.astype(np.uint8), connectivity=4)
    for gap in range(1, gaps.max() + 1):
        out[gaps == gap] = np.bincount(out[gaps == gap]).argmax()
    return out


def _neighbours(mask: np.ndarray) -> np.ndarray:
    """(H, W): how many of the four neighbours of a pixel are in a mask."""
    framed = np.pad(mask.astype(np.uint8), 1)
    found: np.ndarray = framed[:-2, 1:-1] + framed[2:, 1:-1] + framed[1:-1, :-2] + framed[1:-1, 2:]
    return found
