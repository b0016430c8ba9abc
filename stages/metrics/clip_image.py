"""CLIP-I: likeness of a composite to the image that gives its hair, or whatever is taken, by CLIP's image features.

The papers do not state whether they compare whole images or the hair alone. Both are measured: the whole images, and
the squares around what is taken.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.regions.pair import Pair
from stages.scoring.looks import means
from stages.scoring.prepared import Setup

if TYPE_CHECKING:
    from stages.regions.labels import LabelScheme
    from stages.scoring.judges import Judges

NOTHING = "nothing is taken that its image and the target map show"


def given_labels(pair: Pair, scheme: "LabelScheme") -> dict[int, frozenset[int]]:
    """By the number of an image of the pair, the labels of which it gives the shape, the look or both.

    The identity, number 0, is left out.
    """
    given = dict(pair.painted(scheme))
    for k, labels in enumerate(pair.taken(scheme)):
        given[k] = given.get(k, frozenset()) | labels
    return {k: labels for k, labels in sorted(given.items()) if k and labels}


def square_around(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The part of a square image, uint8 (N, N, 3), around a mask (M, M) that is not empty: a square inside the image.

    Its side is the longer one of the mask's extents.
    """
    scale = len(pixels) / len(mask)
    spans = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    side = round(scale * max(span[-1] - span[0] + 1 for span in spans))
    starts = [round(scale * (span[0] + span[-1] + 1) / 2 - side / 2) for span in spans]
    row, column = (int(np.clip(start, 0, len(pixels) - side)) for start in starts)
    return np.ascontiguousarray(pixels[row : row + side, column : column + side])


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of two vectors of features, in [-1, 1]."""
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def names(setup: Setup) -> list[str]:
    return [f"{view}CLIP-I {title}" for title in setup.clip for view in ("", "taken ")]


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    scheme, encoders = judges.parser.scheme, list(judges.clips.values())
    known: dict[tuple[str, frozenset[int]], list[np.ndarray]] = {}  # of the images, each of which is in many pairs

    def encoded(pixels: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        """The features of a whole image and of the square around a mask, by every CLIP."""
        parts = pixels, square_around(pixels, mask)
        return [encode(part) for encode in encoders for part in parts]

    def measure(case: Case) -> list[Measured]:
        values = []
        for k, labels in given_labels(case.pair, scheme).items():
            where, own = (np.isin(m, list(labels)) for m in (case.target, case.own[k]))
            if not (where.any() and own.any()):
                continue
            key = case.pair.images[k], labels
            if key not in known:
                known[key] = encoded(case.sources[k].pixels, own)
            found = encoded(case.composite.pixels, where)
            values.append([cosine(a, b) for a, b in zip(found, known[key], strict=True)])
        return means(values, 2 * len(encoders), NOTHING)

    return measure


ENTRY = CaseMetric(
    direction="higher",
    range=(-1, 1),
    source="Radford et al. 2021; as a metric of hair transfer: Zhang et al. 2025 (Stable-Hair)",
    names=names,
    prepare=prepare,
    wanted=lambda setup: bool(setup.clip),
)
