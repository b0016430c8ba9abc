"""The label of the nearest pixel that lies behind the head or may spread. It knows layers but no directions."""

import numpy as np
from scipy import ndimage

from stages.fills import Fill
from stages.regions.labels import LabelScheme
from stages.regions.layers import is_one_of


def fill_from_nearest(labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Fill each hole with the label of the nearest known pixel, by Euclidean distance.

    Only labels behind the head or that may spread count: hair and the parts of the face are passed over. Without any, a
    hole becomes background. Arguments and result: see `stages.regions.target_map.HoleFill`.
    """
    counts = is_one_of(labels, scheme.behind_indices + scheme.spread_indices) & ~holes
    if not counts.any():
        return np.full(labels.shape, scheme["background"], np.uint8)
    rows, columns = ndimage.distance_transform_edt(~counts, return_distances=False, return_indices=True)
    filled: np.ndarray = labels[rows, columns].astype(np.uint8)
    return filled


ENTRY = Fill(source="a Voronoi partition of the known pixels; of this project", fill=fill_from_nearest)
