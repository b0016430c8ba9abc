"""Target label map of a pair: the regions taken from its references united, and the holes between them filled."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from .labels import LabelScheme

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


class Target(NamedTuple):
    """Target map of a pair: three (H, W) arrays.

    `labels` uint8, the target label of every pixel. `owner` uint8, the index of the reference which the pixel's
    content is taken from. `holes` bool, the pixels that no reference claimed and that were filled.
    """

    labels: np.ndarray
    owner: np.ndarray
    holes: np.ndarray


def compose(maps: Sequence[np.ndarray], taken: Sequence[frozenset[int]], scheme: LabelScheme, fill: str) -> Target:
    """Compose the target map of one pair from the label maps of its K references.

    `maps`: K integer label maps (H, W) of `scheme`; `maps[0]` is the identity. `taken[k]`: the label indices taken
    from reference k; `taken[0]` is what is left to the identity. `fill`: a name in `FILLS`.

    1. Reference k claims the pixels whose own label is in `taken[k]`.
    2. Where several references claim a pixel, the larger label index wins (paper, section 3).
    3. A pixel that nobody claims is a hole, and `fill` gives it a label that lies behind the head or one that may
       spread: never hair, never an inner part of the face. Claimed pixels keep their labels.
    4. A pixel's owner follows from its final label: the reference whose `taken` holds it. So a hole filled with
       skin belongs to whoever owns skin.

    Raises ValueError if the maps are none, not integer, not of one shape (H, W), empty or hold labels that the
    scheme does not have; if the sets are not one a map, not disjoint or do not cover the scheme; if `fill` is not
    known.
    """
    _check(maps, taken, scheme, fill)
    # Label + 1, and 0 for "not claimed": the maximum then unites the references and settles their quarrels.
    claims = np.zeros(maps[0].shape, np.uint8)
    owners = np.zeros(len(scheme), np.uint8)
    for k, (label_map, wanted) in enumerate(zip(maps, taken, strict=True)):
        claim_of = np.zeros(len(scheme), np.uint8)
        for label in wanted:
            claim_of[label] = label + 1
            owners[label] = k
        np.maximum(claims, claim_of[label_map], out=claims)
    holes = claims == 0
    labels = np.where(holes, np.uint8(scheme["background"]), claims - np.uint8(1))
    if holes.any() and not holes.all():
        labels = np.where(holes, FILLS[fill](labels, holes, scheme), labels)
    return Target(labels, owners[labels], holes)


def fit_face(
    maps: Sequence[np.ndarray], taken: Sequence[frozenset[int]], scheme: LabelScheme
) -> list[np.ndarray]:  # fmt: skip
    """Label maps in which the face of another image has the outline of the identity's; arguments as of `compose`.

    Skin that is taken from another image does not reach into the identity's background, and it is wherever the
    identity's face is and that image shows nothing that is taken from it. So cheeks end at the ears and hair that
    stay. This is ours: the paper swaps no faces.
    """
    identity, *others = maps
    background = identity == scheme["background"]
    face = _is_one_of(identity, _of_region(scheme, "face"))
    fitted = [identity]
    for own, wanted in zip(others, taken[1:], strict=True):
        skins = [skin for skin in scheme.spread_indices if skin in wanted]
        if skins and scheme["background"] in taken[0]:
            own = np.where(background & _is_one_of(own, skins), scheme["background"], own)
        if skins:
            own = np.where(face & ~_is_one_of(own, list(wanted)), skins[0], own)
        fitted.append(own.astype(np.uint8))
    return fitted


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
    hair = _is_one_of(labels, scheme.indices("hair")) & ~holes
    behind = _is_one_of(labels, scheme.behind_indices) & ~holes
    middle = ~(holes | hair | behind)
    spread = _is_one_of(labels, scheme.spread_indices) & middle
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
        stray = _is_one_of(rest, necks) & ~outline.neck
        if stray.any():
            others = [index for index in scheme.behind_indices if index not in necks]
            rest = np.where(stray, _strongest(framed, others, method)[1:-1, 1:-1], rest)
        filled = np.where(head, filled, rest)
    return filled


def fill_from_centre(labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Fill each hole with the first label on the straight way from it to the image's middle.

    Only known pixels count, and of those only labels behind the head or that may spread: hair and the parts of
    the face are walked over. A hole that meets nothing becomes background. This is the simplest fill, and it knows
    no layers: beyond the new hair it puts whatever lies on the line to the middle, which mostly is skin, and into
    a hole at the middle itself, such as a missing nose, background.

    The way takes one pixel a step along its longer axis; a point half-way between two pixels goes to the outer
    one, so that a mirrored map gives a mirrored target. Arguments and result as of `fill_layers`.
    """
    counts = _is_one_of(labels, scheme.behind_indices + scheme.spread_indices) & ~holes
    filled = np.full(labels.shape, scheme["background"], np.uint8)
    rows, columns = np.nonzero(holes)
    if not counts.any() or not rows.size:
        return filled
    # Offsets from the middle in half pixels, so that they are whole numbers for odd and even sizes.
    height, width = labels.shape
    down, right = 2 * rows - (height - 1), 2 * columns - (width - 1)
    length = np.maximum(np.abs(down), np.abs(right))
    for step in range(2, int(length.max()) + 1, 2):
        on_way = step <= length
        rows, columns, down, right, length = (a[on_way] for a in (rows, columns, down, right, length))
        share = 1 - step / length
        y, x = _pixel(down, share, height), _pixel(right, share, width)
        met = counts[y, x]
        filled[rows[met], columns[met]] = labels[y[met], x[met]]
        length[met] = 0  # arrived
    return filled


Fill = Callable[[np.ndarray, np.ndarray, LabelScheme], np.ndarray]

FILLS: dict[str, Fill] = {
    "telea": partial(fill_layers, method=cv2.INPAINT_TELEA),
    "navier-stokes": partial(fill_layers, method=cv2.INPAINT_NS),
    "centre": fill_from_centre,
}


def _check(maps: Sequence[np.ndarray], taken: Sequence[frozenset[int]], scheme: LabelScheme, fill: str) -> None:
    if fill not in FILLS:
        raise ValueError(f"unknown fill {fill!r}; known: {', '.join(FILLS)}")
    if not maps or len(maps) != len(taken):
        raise ValueError(f"{len(maps)} label maps and {len(taken)} sets of taken labels: one set a map is needed")
    for k, label_map in enumerate(maps):
        if label_map.ndim != 2 or not label_map.size or label_map.shape != maps[0].shape:
            raise ValueError(f"map {k} has shape {label_map.shape}, map 0 {maps[0].shape}; one shape (H, W) is needed")
        if not np.issubdtype(label_map.dtype, np.integer):
            raise ValueError(f"map {k} is {label_map.dtype}, not an integer label map")
        if label_map.min() < 0 or label_map.max() >= len(scheme):
            raise ValueError(f"map {k} has labels outside 0..{len(scheme) - 1}, the labels of {scheme.name}")
    if sorted(label for wanted in taken for label in wanted) != list(range(len(scheme))):
        raise ValueError(f"the sets of taken labels must hold each of the {len(scheme)} labels of {scheme.name} once")


def _is_one_of(labels: np.ndarray, indices: Sequence[int]) -> np.ndarray:
    """(H, W) bool: a table look-up, several times faster than np.isin on a map."""
    table = np.zeros(256, bool)
    table[list(indices)] = True
    return table[labels]


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
    return np.array(present, np.uint8)[np.argmax(strengths, axis=0)]


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
    return head | (holes & _cut_off(rest | outside, outside, np.pad(head | middle, 1))[1:-1, 1:-1])


class Outline(NamedTuple):
    """Where what is filled in may lie: (H, W) bool for the head, and for the neck."""

    head: np.ndarray
    neck: np.ndarray


def _outline(labels: np.ndarray, middle: np.ndarray, hair: np.ndarray, scheme: LabelScheme) -> Outline:
    """The head near the convex hull of the face that is seen, above the eyes of face and hair; the neck no wider.

    `middle` and `hair` (H, W) bool: the known pixels of the two layers. Without eyes or face it is everywhere.
    """
    height, width = labels.shape
    eyes = np.nonzero(_is_one_of(labels, _of_region(scheme, "eyes")) & middle)[0]
    face = (_is_one_of(labels, _of_region(scheme, "face")) & middle).astype(np.uint8)
    if not eyes.size or not face.any():
        return Outline(np.ones_like(middle), np.ones_like(middle))
    eye_line = int(eyes.mean())
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(face, connectivity=8)
    largest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())  # scraps elsewhere are the parser's errors
    seen = parts == largest
    jaw = _hull(seen)
    above = hair.copy()
    above[eye_line:] = False
    head = np.where(np.arange(height)[:, None] < eye_line, _hull(seen | above), jaw)
    neck = np.broadcast_to(jaw.any(0), labels.shape)
    reach = 2 * round(OUTLINE_MARGIN * max(height, width)) + 1
    grown = cv2.dilate(head.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return Outline(grown > 0, neck)


def _of_region(scheme: LabelScheme, region: str) -> tuple[int, ...]:
    return scheme.indices(region) if region in scheme.regions else ()


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
    return layer & cut[parts]


def _pixel(offset: np.ndarray, share: np.ndarray, size: int) -> np.ndarray:
    """Index, on an axis of `size` pixels, of the pixel nearest to `share` of `offset` half pixels from the middle.

    Of two equally near it is the one on the side of `offset`, away from the middle.
    """
    half = (size - 1) % 2  # the pixels of an even size lie at odd offsets
    outward = 2 * np.floor((np.abs(offset) * share - half) / 2 + 0.5) + half
    return ((size - 1 + np.where(offset < 0, -outward, outward)) / 2).astype(np.intp)
