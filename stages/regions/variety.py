"""Which image lends its hair to which: a seeded choice of pairs for variety of hair.

The paper takes 198 pairs of 120 images, chosen "for variety of hair", and never published their list. This choice
is ours: a function of the label maps and a seed, so that it can be repeated and named in a report.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .labels import LabelScheme

# An image with a larger share of hat is no hair reference: nobody knows the hair under it.
MAX_HAT = 0.01
# An image with a smaller share of hair is no hair reference: there is nothing to take.
MIN_HAIR = 0.01
# Cost of having been used once more, in units of the largest distance in the set. At 1 an image is used again only
# when little that is less used is left to pair; at 0 the two most extreme hairs would win every time.
COVERAGE = 1.0
# The same for having been used in the other role: who has been in no pair yet comes first, and two faces rarely swap.
OTHER_ROLE = 0.5
# Scores this close say nothing about which pair is better; the seed decides.
TIE = 0.02

GRID = 4
EXTENT = (0.05, 0.95)
# Where the eyes' line and the chin lie in an aligned face; used when the map does not show them.
EYE_LINE, CHIN_LINE = 0.47, 0.80
CHIN_QUANTILE = 0.98
DESCRIPTOR_SIZE = 8 + GRID * GRID


def hair_descriptor(labels: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Size and shape of the hair in the label map `labels` (H, W) uint8: float64 (DESCRIPTOR_SIZE,), all in [0,1].

    In order: share of the image; centroid (y, x); extents (y, x), each between the 5 % and 95 % quantiles, so that
    scraps of the parser do not count; the shares of the hair below the eyes' line, below the chin and in the left
    half; the occupancy of a 4x4 grid, divided by 4, so that the grid as a whole weighs as much as one other entry.
    A map without hair gives zeros. Two descriptors are compared by their Euclidean distance.
    """
    height, width = labels.shape
    hair = labels == scheme["hair"]
    total = np.count_nonzero(hair)
    if not total:
        return np.zeros(DESCRIPTOR_SIZE)
    down, right = hair.sum(axis=1) / total, hair.sum(axis=0) / total
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    eyes = _rows_of(labels, scheme.indices("eyes"))
    face = _rows_of(labels, scheme.indices("face"))
    eye_line = float(eyes @ y) if eyes.any() else EYE_LINE
    chin_line = _quantile(face, CHIN_QUANTILE) if face.any() else CHIN_LINE
    shape = [
        total / labels.size,
        down @ y,
        right @ x,
        _extent(down),
        _extent(right),
        down[y > eye_line].sum(),
        down[y > chin_line].sum(),
        right[x < 0.5].sum(),
    ]
    described: np.ndarray = np.clip(np.concatenate([shape, _occupancy(hair) / GRID]), 0, 1)
    return described


def choose_pairs(maps: Mapping[str, np.ndarray], count: int, scheme: LabelScheme, seed: int) -> list[tuple[str, str]]:
    """Choose `count` pairs (identity, hair reference) of different images, no pair twice.

    `maps`: the label map (H, W) uint8 of each image. Greedily the pair with the largest score is taken: the
    distance between the two images' hair descriptors, relative to the largest in the set, less COVERAGE for each
    time its identity was used as an identity and its hair reference as a hair reference, and OTHER_ROLE for each time
    one of them was used as the other. So the hair changes much in each pair, and every image is used about equally
    often. Of pairs within TIE of the best one the seed's favourite is taken. The order of `maps` has no influence.

    Images with too much hat or too little hair (MAX_HAT, MIN_HAIR) lend no hair. Images with a hat are identities
    only if the others do not make `count` pairs.

    Raises ValueError if `count` is negative or there are not as many pairs.
    """
    identities, hairs, images = _candidates(maps, count, scheme)
    if not count:
        return []
    distance = _distances([images[name].descriptor for name in identities], [images[name].descriptor for name in hairs])
    allowed = np.array([[identity != hair for hair in hairs] for identity in identities])
    chosen = _greedy(distance, allowed, count, np.random.default_rng(seed))
    return [(identities[i], hairs[j]) for i, j in chosen]


def candidates(maps: Mapping[str, np.ndarray], count: int, scheme: LabelScheme) -> tuple[list[str], list[str]]:
    """The images that may be identities, and those that may lend their hair, of which `count` pairs can be made.

    Arguments, rules and errors are those of `choose_pairs`.
    """
    return _candidates(maps, count, scheme)[:2]


class _Image(NamedTuple):
    descriptor: np.ndarray
    hair: float  # share of the image
    hat: float


def _look_at(labels: np.ndarray, scheme: LabelScheme) -> _Image:
    covers = [index for index in scheme.indices("hair") if index != scheme["hair"]]
    hat = sum(np.count_nonzero(labels == index) for index in covers) / labels.size
    return _Image(hair_descriptor(labels, scheme), np.count_nonzero(labels == scheme["hair"]) / labels.size, hat)


def _candidates(
    maps: Mapping[str, np.ndarray], count: int, scheme: LabelScheme
) -> tuple[list[str], list[str], dict[str, _Image]]:
    """As `candidates`, and what is known of all images."""
    if count < 0:
        raise ValueError(f"cannot choose {count} pairs")
    images = {name: _look_at(maps[name], scheme) for name in sorted(maps)}
    bare = [name for name, image in images.items() if image.hat <= MAX_HAT]
    hairs = [name for name in bare if images[name].hair >= MIN_HAIR]
    identities = bare if _possible(bare, hairs) >= count else list(images)
    if _possible(identities, hairs) < count:
        raise ValueError(
            f"{len(identities)} identities and {len(hairs)} usable hair references make "
            f"{_possible(identities, hairs)} pairs of different images; {count} were asked for"
        )
    return identities, hairs, images


def _possible(identities: Sequence[str], hairs: Sequence[str]) -> int:
    """Number of pairs of different images."""
    return len(identities) * len(hairs) - len(set(identities) & set(hairs))


def _distances(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> np.ndarray:
    """(len(a), len(b)) float64 in [0,1]: Euclidean distances relative to the largest one; zeros if all are alike."""
    distance = np.linalg.norm(np.array(a)[:, None] - np.array(b)[None], axis=-1)
    relative: np.ndarray = distance / (distance.max() or 1.0)
    return relative


def _greedy(
    distance: np.ndarray, allowed: np.ndarray, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """`count` allowed (row, column) pairs, best first; the arrays are (identities, hair references).

    Only an image with itself is not allowed.
    """
    favour = random.random(distance.shape)
    same = ~allowed
    gain = np.where(allowed, distance, -np.inf)
    used_identity, used_hair = np.zeros(distance.shape[0]), np.zeros(distance.shape[1])
    chosen = []
    for _ in range(count):
        cost_identity = COVERAGE * used_identity + OTHER_ROLE * (same @ used_hair)
        cost_hair = COVERAGE * used_hair + OTHER_ROLE * (used_identity @ same)
        score = gain - cost_identity[:, None] - cost_hair[None]
        best = np.where(score >= score.max() - TIE, favour, -1.0)
        i, j = divmod(int(best.argmax()), distance.shape[1])
        chosen.append((i, j))
        gain[i, j] = -np.inf
        used_identity[i] += 1
        used_hair[j] += 1
    return chosen


def _rows_of(labels: np.ndarray, indices: Sequence[int]) -> np.ndarray:
    """(H,) share of each row in the pixels that have one of the labels; zeros if there is none."""
    table = np.zeros(256, bool)
    table[list(indices)] = True
    rows = table[labels].sum(axis=1)
    shares: np.ndarray = rows / (rows.sum() or 1)
    return shares


def _quantile(shares: np.ndarray, level: float) -> float:
    """Where along the axis, in [0,1], `level` of `shares` (n,), which sum to 1, lies before."""
    return float(np.searchsorted(np.cumsum(shares), level) + 0.5) / len(shares)


def _extent(shares: np.ndarray) -> float:
    return _quantile(shares, EXTENT[1]) - _quantile(shares, EXTENT[0])


def _occupancy(hair: np.ndarray) -> np.ndarray:
    """(GRID * GRID,) share of hair in each cell, row by row."""
    cells = [np.array_split(band, GRID, axis=1) for band in np.array_split(hair, GRID, axis=0)]
    return np.array([cell.mean() if cell.size else 0.0 for band in cells for cell in band])
