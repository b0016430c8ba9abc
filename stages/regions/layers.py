"""Filling the holes of a target map by the paper's layers: what lies behind the head, the head, and hair on top."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from stages.regions.labels import LabelScheme

# Pixels around a point that OpenCV's marching averages over. The official code uses 3 as well.
INPAINT_RADIUS = 3

# Known pixels count as 255, not as 1: OpenCV's Telea adds a gradient term of up to 1.4 in the image's own unit,
# which turns a float indicator of range [0,1] into stripes (measured: -1.6 .. 2.5). uint8 would do, but rounds
# at each step of the march, so that two labels far from either tie; float32 (one channel is supported) does not.
INDICATOR_SCALE = 255.0

HEAD_THRESHOLD = 0.5

# How far a filled head may reach beyond the outline that is known of it, as a share of the map.
OUTLINE_MARGIN = 0.02

NECK = ("neck", "necklace")

# Stands for "to be inpainted" in a label map; schemes have far fewer labels.
UNKNOWN = np.uint8(255)


def fill_layers(labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme, method: int) -> np.ndarray:
    """Fill holes by the paper's layers (TOG supplement, M_behind and M_middle) inpainted with `method` of OpenCV.

    Hair lies on top, the head (`middle`) under it, `behind` last. Hair hides what is under it, so the middle
    layer is inpainted over holes and hair, and each label of the behind layer over holes, hair and middle. A hole
    that the middle layer reaches takes the strongest label among those that may spread, the rest the strongest
    label behind.

    Ours are two rules on the frame and two on holes. What lies outside the frame counts as behind, and above and
    beside it as background, unless known pixels at the frame say otherwise: hair that fills the frame leaves no
    background near the holes, and skin would run into the corners, or neck up the side. And a filled area that is
    cut off from the known pixels of its layer (of the head's only those that may spread count, if there are any)
    and borders on the other layer goes to that: no skin outside the new hair, no background in a bared forehead. And
    no head is filled in beyond the convex hull of the face that is seen, above the eyes of face and new hair, and no
    neck wider than the face: the layers alone would share long hair evenly between cheek, neck and background.

    `labels` (H, W) uint8, any value at holes; `holes` (H, W) bool, not all set. Returns (H, W) uint8, whose values
    at holes are labels of behind and spreads; its other pixels mean nothing.
    """
    hair = is_one_of(labels, scheme.indices("hair")) & ~holes
    behind = is_one_of(labels, scheme.behind_indices) & ~holes
    middle = ~(holes | hair | behind)
    spread = is_one_of(labels, scheme.spread_indices) & middle
    head = _head(middle, spread, hair, behind, holes, method) if scheme.spreads else np.zeros_like(holes)
    outline = _outline(labels, middle, hair, scheme)
    head &= outline.head
    filled = np.full(labels.shape, scheme["background"], np.uint8)
    if head.any():
        under_hair = np.where(holes | hair, UNKNOWN, labels)
        filled = np.where(head, _strongest(under_hair, scheme.spread_indices, method), filled)
    if (holes & ~head).any() and behind.any():
        framed = np.pad(np.where(behind, labels, UNKNOWN), 1, mode="edge")
        if (behind & (labels == scheme["background"])).any():
            for side in (framed[0], framed[:, 0], framed[:, -1]):  # views; not the bottom, where bodies leave the frame
                side[side == UNKNOWN] = scheme["background"]
        rest = _strongest(framed, scheme.behind_indices, method)[1:-1, 1:-1]
        necks = [scheme[label] for label in NECK if label in scheme.labels]
        stray = is_one_of(rest, necks) & ~outline.neck
        if stray.any():
            others = [index for index in scheme.behind_indices if index not in necks]
            rest = np.where(stray, _strongest(framed, others, method)[1:-1, 1:-1], rest)
        filled = np.where(head, filled, rest)
    return filled


def is_one_of(labels: np.ndarray, indices: Sequence[int]) -> np.ndarray:
    """(H, W) bool: a table look-up, several times faster than np.isin on a map."""
    table = np.zeros(256, bool)
    table[list(indices)] = True
    found: np.ndarray = table[labels]
    return found


def _inpaint(known: np.ndarray, unknown: np.ndarray, method: int) -> np.ndarray:
    """March the indicator `known` (h, w) bool over `unknown` (h, w) bool; returns float32, 0 to 1 but for rounding."""
    indicator = known.astype(np.float32) * np.float32(INDICATOR_SCALE)
    return cv2.inpaint(indicator, unknown.astype(np.uint8), INPAINT_RADIUS, method) / np.float32(INDICATOR_SCALE)


def _strongest(layer: np.ndarray, candidates: Sequence[int], method: int) -> np.ndarray:
    """(h, w) uint8: the candidate whose indicator, inpainted over the UNKNOWN pixels of `layer`, is largest.

    Only candidates that occur in `layer` (h, w) uint8 take part; if none does, it is the first one everywhere.
    """
    present = [label for label in candidates if (layer == label).any()] or list(candidates[:1])
    if len(present) == 1:
        return np.full(layer.shape, present[0], np.uint8)
    strengths = [_inpaint(layer == label, layer == UNKNOWN, method) for label in present]
    strongest: np.ndarray = np.array(present, np.uint8)[np.argmax(strengths, axis=0)]
    return strongest


def _head(
    middle: np.ndarray, spread: np.ndarray, hair: np.ndarray, behind: np.ndarray, holes: np.ndarray, method: int
) -> np.ndarray:
    """(H, W) bool: the holes that are head.

    The arguments are (H, W) bool: the known pixels of the middle layer, those of them that may spread, the known
    pixels of the other two layers, and the holes.
    """
    if not middle.any():
        return np.zeros_like(holes)
    framed = _inpaint(np.pad(middle, 1, mode="edge"), np.pad(holes | hair, 1), method)
    head = holes & (framed[1:-1, 1:-1] > HEAD_THRESHOLD)
    # Outside the frame is known to be behind, so here it is a border of known pixels of that layer.
    outside = np.pad(behind, 1, constant_values=True)
    # The tip of an ear that looks out of the old hair does not hold a patch of skin outside the new one.
    held = spread if spread.any() else middle
    beyond = outside | np.pad(holes & ~head, 1)
    head &= ~_cut_off(np.pad(head | middle, 1), np.pad(held, 1), beyond)[1:-1, 1:-1]
    rest = np.pad(holes & ~head, 1)
    added: np.ndarray = head | (holes & _cut_off(rest | outside, outside, np.pad(head | middle, 1))[1:-1, 1:-1])
    return added


class Outline(NamedTuple):
    """Where what is filled in may lie: (H, W) bool for the head, and for the neck."""

    head: np.ndarray
    neck: np.ndarray


def _outline(labels: np.ndarray, middle: np.ndarray, hair: np.ndarray, scheme: LabelScheme) -> Outline:
    """The head near the convex hull of the face that is seen, above the eyes of face and hair; the neck no wider.

    `middle` and `hair` (H, W) bool: the known pixels of the two layers. Without eyes or face it is everywhere.
    """
    height, width = labels.shape
    eyes = np.nonzero(is_one_of(labels, of_region(scheme, "eyes")) & middle)[0]
    face = is_one_of(labels, of_region(scheme, "face")) & middle
    if not eyes.size or not face.any():
        return Outline(np.ones_like(middle), np.ones_like(middle))
    eye_line = int(eyes.mean())
    seen = largest_part(face)  # scraps elsewhere are the parser's errors
    jaw = _hull(seen)
    above = hair.copy()
    above[eye_line:] = False
    head = np.where(np.arange(height)[:, None] < eye_line, _hull(seen | above), jaw)
    neck = np.broadcast_to(jaw.any(0), labels.shape)
    reach = 2 * round(OUTLINE_MARGIN * max(height, width)) + 1
    grown = cv2.dilate(head.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return Outline(grown > 0, neck)


def of_region(scheme: LabelScheme, region: str) -> tuple[int, ...]:
    return scheme.indices(region) if region in scheme.regions else ()


def largest_part(region: np.ndarray) -> np.ndarray:
    """The largest connected part of a region (H, W) bool that is not empty; corners connect too."""
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=8)
    largest: np.ndarray = parts == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    return largest


def _hull(region: np.ndarray) -> np.ndarray:
    """The convex hull of a region (H, W) bool that is not empty."""
    points = cv2.findNonZero(region.astype(np.uint8))
    return cv2.fillConvexPoly(np.zeros(region.shape, np.uint8), cv2.convexHull(points), 1) > 0


def _cut_off(layer: np.ndarray, held: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The connected parts of `layer` without any of its `held` pixels, if they border on `other`.

    All (h, w) bool; two pixels are connected where they share an edge.
    """
    count, parts = cv2.connectedComponents(layer.astype(np.uint8), connectivity=4)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    cut = np.zeros(count, bool)
    cut[parts[cv2.dilate(other.astype(np.uint8), cross) > 0]] = True
    cut[parts[held]] = False
    off: np.ndarray = layer & cut[parts]
    return off
