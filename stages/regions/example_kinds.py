"""Which images show what can be taken beside hair: a seeded choice, one pair for each kind of transfer."""

import random
from collections.abc import Mapping
from itertools import permutations

import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.pair import APPEARANCE, Pair
from stages.regions.variety import MAX_HAT, MIN_HAIR

# For each kind, which column names which image: the identity is 0.
KINDS: dict[str, dict[str, int]] = {
    "shape_and_colour": {"hair": 1, f"hair{APPEARANCE}": 2},
    "colour": {f"hair{APPEARANCE}": 1},
    "face": {"face": 1},
    "skin": {"face": 1, "brows": 0, "eyes": 0, "nose": 0, "mouth": 0},  # the nearest to a beard, which has no label
    "brows": {"brows": 1},
    "eyes": {"eyes": 1},
    "nose": {"nose": 1},
    "mouth": {"mouth": 1},
    "many": {"hair": 1, "eyes": 2, "mouth": 3},
}
SMALLEST = 0.0005  # share of the image below which a part of the face is not there: 130 pixels of 512×512


def choose(kind: str, maps: Mapping[str, np.ndarray], scheme: LabelScheme, seed: int) -> Pair:
    """The pair of a kind: the first arrangement of the images, in an order by seed, that shows what is taken.

    Every image but the identity must show what it gives, and the identity what it keeps the shape of. Each kind has
    an order of its own, so which other kinds are asked for has no influence; nor has the order of `maps`, the label
    maps (H, W) uint8 by image. Raises ValueError if no arrangement fits.
    """
    columns = KINDS[kind]
    names = sorted(maps)
    random.Random(f"{kind} {seed}").shuffle(names)
    for images in permutations(names, 1 + max(columns.values())):
        pair = Pair.of(kind, images[0], {column: images[number] for column, number in columns.items()})
        if all(_shows(maps[image], region, scheme) for region, image in _wanted(pair)):
            return pair
    raise ValueError(f"no {1 + max(columns.values())} of the {len(maps)} images show what {kind} takes")


def _wanted(pair: Pair) -> list[tuple[str, str]]:
    """Regions and the images that must show them."""
    regions = dict.fromkeys([*pair.regions, *pair.appearance])
    return [(r, image) for r in regions for image in (pair.identity, *(d[r] for d in pair[2:] if r in d))]


def _shows(labels: np.ndarray, region: str, scheme: LabelScheme) -> bool:
    share = float(np.isin(labels, scheme.look_indices(region)).mean())
    if region != "hair":
        return share >= SMALLEST
    return share >= MIN_HAIR and float(np.isin(labels, scheme.indices(region)).mean()) - share <= MAX_HAT
