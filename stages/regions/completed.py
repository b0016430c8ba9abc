"""How good a completion of a label map is where the truth is known, and how wide a neck it makes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stages.regions.hiding import Hidden, hair_of
from stages.regions.islands import small
from stages.regions.labels import LabelScheme
from stages.regions.layers import NECK, is_one_of, largest_part, of_region


def overlaps(filled: np.ndarray, truth: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """(K, 2) int: for each label of the scheme, pixels of the holes that both maps have there, and that either has.

    Sums over many maps give the intersections over unions of all of them.
    """
    count = len(scheme)
    pairs = np.bincount(truth[holes].astype(int) * count + filled[holes], minlength=count * count).reshape(count, count)
    both = pairs.diagonal()
    return np.stack([both, pairs.sum(0) + pairs.sum(1) - both], 1)


def mean_iou(sums: np.ndarray, scheme: LabelScheme) -> float:
    """Mean intersection over union of the labels that hair may hide, of those that there are; from `overlaps`."""
    both, either = sums[list(scheme.hidden_indices)].T
    there = either > 0
    return float((both[there] / either[there]).mean()) if there.any() else float("nan")


def neck_over_face(labels: np.ndarray, scheme: LabelScheme) -> float:
    """Width of the neck over that of the face: the median of its rows over the widest row; nan without either.

    Only rows below the face count, and pixels of the neck, not the space between its ends.
    """
    necks = [scheme[label] for label in NECK if label in scheme.labels]
    face = is_one_of(labels, of_region(scheme, "face"))
    if not face.any():
        return float("nan")
    face = largest_part(face)  # scraps elsewhere are the parser's errors
    lowest = int(np.nonzero(face.any(1))[0].max())
    rows = is_one_of(labels[lowest + 1 :], necks).sum(1)
    return float(np.median(rows[rows > 0]) / face.sum(1).max()) if rows.any() else float("nan")


def island_share(labels: np.ndarray, holes: np.ndarray, least: float) -> float:
    """Share of the holes that is in connected parts smaller than a share `least` of the map; 0 without holes."""
    return float(small(labels, least)[holes].mean()) if holes.any() else 0.0


class Figures(NamedTuple):
    """How good a fill is over some maps.

    `iou`: mean intersection over union of the hidden labels. `right`: share of the hidden pixels. `neck`: mean width of
    the neck over that of the face; `neck_off`: mean distance of it from the truth's; `wide_necks`: share of the maps
    whose neck is wider than the face. `islands`: share of the hidden pixels that is in islands.
    """

    iou: float
    right: float
    neck: float
    neck_off: float
    wide_necks: float
    islands: float


def judged(hidden: Sequence[Hidden], filled: Sequence[np.ndarray], scheme: LabelScheme, least: float) -> Figures:
    """Compare filled maps (H, W) with the truth. An island is a part smaller than a share `least` of the map."""
    sums = np.zeros((len(scheme), 2), int)
    right, necks, islands = [], [], []
    for case, labels in zip(hidden, filled, strict=True):
        known = case.holes & ~hair_of(case.truth, scheme)
        sums += overlaps(labels, case.truth, known, scheme)
        right.append((labels == case.truth)[known].mean())
        necks.append((neck_over_face(labels, scheme), neck_over_face(case.truth, scheme)))
        islands.append(island_share(labels, case.holes, least))
    neck, true = np.array(necks).T
    return Figures(
        mean_iou(sums, scheme), float(np.mean(right)), float(np.nanmean(neck)), float(np.nanmean(abs(neck - true))),
        float((neck > 1).mean()), float(np.mean(islands)),
    )  # fmt: skip
