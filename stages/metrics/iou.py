"""Agreement of the composite's own label map with the target map: intersection over union."""

import math
from collections.abc import Iterable

import numpy as np

from stages.metrics import MapMetric


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


ENTRY = MapMetric(
    direction="higher",
    range=(0, 1),
    source="the face parser that made the target map, on the composite",
    names=lambda setup: [f"IoU {setup.parser}@{setup.parser_size}"],
    measure=iou,
)
