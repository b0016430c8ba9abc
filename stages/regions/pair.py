"""A pair: which region of the composite comes from which image, in shape and in look."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from stages.regions.labels import LabelScheme

APPEARANCE = "_appearance"  # after a region's name: the column of pairs.csv that says whose look it gets


class Pair(NamedTuple):
    """A row of pairs.csv: what is taken from which image; everything else comes from the identity.

    `regions`: of which image a region is taken, by region. `appearance`: whose look it gets instead of that image's
    own; the shape stays.
    """

    pair: str
    identity: str
    regions: Mapping[str, str]
    appearance: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, pair: str, identity: str, columns: Mapping[str, str]) -> "Pair":
        """The pair of a row; its other columns are regions, and regions with `_appearance` behind."""
        looks = {c.removesuffix(APPEARANCE): image for c, image in columns.items() if c.endswith(APPEARANCE)}
        return cls(pair, identity, {c: image for c, image in columns.items() if not c.endswith(APPEARANCE)}, looks)

    @property
    def references(self) -> tuple[str, ...]:
        """The images that give shape, the identity first, each once."""
        return tuple(dict.fromkeys([self.identity, *self.regions.values()]))

    @property
    def images(self) -> tuple[str, ...]:
        """All images involved: `references`, then those that give only a look."""
        return tuple(dict.fromkeys([*self.references, *self.appearance.values()]))

    @property
    def columns(self) -> dict[str, str]:
        """What the row says beside its name and the identity, by column."""
        return {**self.regions, **{f"{region}{APPEARANCE}": image for region, image in self.appearance.items()}}

    @property
    def facts(self) -> dict[str, int]:
        """What a result depends on beside the files: which region comes from which image, not their names."""
        order = {image: k for k, image in enumerate(self.images)}
        return {column: order[image] for column, image in self.columns.items()}

    def shapes(self, scheme: LabelScheme) -> dict[int, str]:
        """By label the image that it is taken from; a smaller region overrides one it is part of."""
        owner = dict.fromkeys(range(len(scheme)), self.identity)
        for region in _largest_first(self.regions, scheme):
            owner |= dict.fromkeys(scheme.indices(region), self.regions[region])
        return owner

    def taken(self, scheme: LabelScheme) -> list[frozenset[int]]:
        """For each reference the labels that are taken from it."""
        owner = self.shapes(scheme)
        return [frozenset(i for i, image in owner.items() if image == ref) for ref in self.references]

    def painted(self, scheme: LabelScheme) -> dict[int, frozenset[int]]:
        """By the number of an image in `images`, the labels that get its look and another image's shape."""
        shape = self.shapes(scheme)
        look: dict[int, str] = {}
        for region in _largest_first(self.appearance, scheme):
            look |= dict.fromkeys(scheme.look_indices(region), self.appearance[region])
        of_images = {
            k: frozenset(i for i in look if look[i] == image != shape[i]) for k, image in enumerate(self.images)
        }
        return {k: labels for k, labels in of_images.items() if labels}


def as_table(pairs: Sequence[Pair]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of pairs.csv: a column for all that some pair takes, empty where a pair does not."""
    columns = list(dict.fromkeys(column for pair in pairs for column in pair.columns))
    rows = [[pair.pair, pair.identity, *(pair.columns.get(column, "") for column in columns)] for pair in pairs]
    return ["pair", "identity", *columns], rows


def _largest_first(regions: Iterable[str], scheme: LabelScheme) -> list[str]:
    return sorted(regions, key=lambda region: -len(scheme.regions[region]))


def shown(target: np.ndarray, own: np.ndarray, labels: Iterable[int]) -> np.ndarray:
    """Where a reference itself shows what the target takes from it: bool (H, W) from two label maps."""
    wanted = list(labels)
    return np.isin(target, wanted) & np.isin(own, wanted)
