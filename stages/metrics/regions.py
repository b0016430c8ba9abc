"""Regions of label maps: where a composite shows what was taken from where, and how far two maps agree."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, shown


def iou(map_a: np.ndarray, map_b: np.ndarray, labels: Iterable[int]) -> float:
    """Intersection over union of the region that some labels make together.

    Args:
        map_a, map_b: label maps (H, W), uint8.
        labels: indices of the labels of the region, for instance `scheme.indices("hair")`.

    Returns:
        A number in [0, 1]; nan if the region is empty in both maps.

    Raises:
        ValueError: the maps are not as above, or their shapes differ.
    """
    map_a, map_b = np.asarray(map_a), np.asarray(map_b)
    if map_a.shape != map_b.shape:
        raise ValueError(f"label maps of one shape are needed, not {map_a.shape} and {map_b.shape}")
    if map_a.ndim != 2:
        raise ValueError(f"label maps (H, W) are needed, not {map_a.shape}")
    for labelled in (map_a, map_b):
        if labelled.dtype != np.uint8:
            raise ValueError(f"label maps of uint8 are needed, not {labelled.dtype}")
    indices = list(labels)  # numpy takes a set for one object, which no pixel equals
    in_a, in_b = np.isin(map_a, indices), np.isin(map_b, indices)
    union = np.count_nonzero(in_a | in_b)
    return np.count_nonzero(in_a & in_b) / union if union else math.nan


def transfer_masks(pair: Pair, maps: Sequence[np.ndarray], target: np.ndarray, scheme: LabelScheme) -> dict[str, Any]:
    """Where the composite must keep the identity, and where it must show what was taken, as bool (512, 512).

    kept: outside what is taken, both in the identity's own map and in the target.
    taken: for each further reference, inside what is taken from it, both in its own map and in the target.
    What gets another image's look is neither: no image shows it as it must be.
    """
    painted = frozenset().union(*pair.painted(scheme).values())
    identity, *others = (labels - painted for labels in pair.taken(scheme))
    taken = [shown(target, own, labels) for labels, own in zip(others, maps[1:], strict=True)]
    return {"kept": shown(target, maps[0], identity), "taken": taken}
