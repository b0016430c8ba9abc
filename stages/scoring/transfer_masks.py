"""Where a composite shows what was taken from where."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, shown

REGIONS = ("hair", "face", "background")  # that are measured apart where they are not just what is taken


class Masks(NamedTuple):
    """Where the composite must keep the identity, and where it must show what is taken: bool (H, W)."""

    kept: np.ndarray
    taken: list[np.ndarray]


def transfer_masks(pair: Pair, maps: Sequence[np.ndarray], target: np.ndarray, scheme: LabelScheme) -> Masks:
    """The masks of a pair, from the label maps (H, W) of its references and the target map.

    kept: outside what is taken, both in the identity's own map and in the target.
    taken: for each further reference, inside what is taken from it, both in its own map and in the target.
    What gets another image's look is neither: no image shows it as it must be.
    """
    painted = frozenset().union(*pair.painted(scheme).values())
    identity, *others = (labels - painted for labels in pair.taken(scheme))
    taken = [shown(target, own, labels) for labels, own in zip(others, maps[1:], strict=True)]
    return Masks(shown(target, maps[0], identity), taken)


def outside_taken(pair: Pair, own: np.ndarray, found: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Where neither the identity's map nor the composite's own, both (H, W), shows what is taken; bool (H, W).

    Of a hair transfer that is the intersection of both non-hair regions, on which HairCLIP, Stable-Hair and others
    measure. It depends on the composite: one with more hair is measured on fewer pixels.
    """
    moved = list(frozenset[int]().union(*pair.taken(scheme)[1:], *pair.painted(scheme).values()))
    outside: np.ndarray = ~(np.isin(own, moved) | np.isin(found, moved))
    return outside


def giver_of(pair: Pair, scheme: LabelScheme, region: str) -> int:
    """Which reference gives a region, by its first label."""
    label = scheme.indices(region)[0]
    return next(k for k, labels in enumerate(pair.taken(scheme)) if label in labels)


def regions_beside_taken(pairs: Sequence[Pair], scheme: LabelScheme) -> list[str]:
    """Regions that are not in every pair just what is taken: of such a region *taken* says all there is to say."""
    return [
        region
        for region in REGIONS
        if any(pair.taken(scheme)[1:] != [frozenset(scheme.indices(region))] for pair in pairs)
    ]
