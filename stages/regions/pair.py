"""A pair: which region of the composite comes from which image."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from stages.regions.labels import LabelScheme


class Pair(NamedTuple):
    """A row of pairs.csv: what is taken from which image; everything else comes from the identity."""

    pair: str
    identity: str
    regions: dict[str, str]

    @property
    def references(self) -> tuple[str, ...]:
        """The images involved, the identity first, each once."""
        return tuple(dict.fromkeys([self.identity, *self.regions.values()]))

    @property
    def facts(self) -> dict[str, Any]:
        """What a result depends on beside the files: which region comes from which reference, not their names."""
        order = {image: k for k, image in enumerate(self.references)}
        return {region: order[image] for region, image in self.regions.items()}

    def taken(self, scheme: LabelScheme) -> list[frozenset[int]]:
        """For each reference the labels that are taken from it; a smaller region overrides one it is part of."""
        owner = dict.fromkeys(range(len(scheme)), self.identity)
        for region in sorted(self.regions, key=lambda r: -len(scheme.regions[r])):
            owner |= dict.fromkeys(scheme.indices(region), self.regions[region])
        return [frozenset(i for i, image in owner.items() if image == ref) for ref in self.references]


def shown(target: np.ndarray, own: np.ndarray, labels: Iterable[int]) -> np.ndarray:
    """Where a reference itself shows what the target takes from it: bool (H, W) from two label maps."""
    wanted = list(labels)
    return np.isin(target, wanted) & np.isin(own, wanted)
