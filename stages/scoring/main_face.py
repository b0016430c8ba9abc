"""What is found of the main face of a composite, held against what is found of the image which gives its face."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, Measured
from stages.scoring.transfer_masks import giver_of

if TYPE_CHECKING:
    from stages.scoring.judges import Judges


def against_giver(
    judges: "Judges",
    find: Callable[[np.ndarray], np.ndarray | None],
    distance: Callable[[np.ndarray, np.ndarray], float],
) -> Callable[[Case], list[Measured]]:
    """A function that measures a case.

    Args:
        judges: what measures.
        find: what is compared of an image, uint8 (H, W, 3); None without a face.
        distance: of the composite's from the giver's.
    """
    known: dict[str, np.ndarray | None] = {}  # of the images, each of which is in many pairs

    def measure(case: Case) -> list[Measured]:
        giver = giver_of(case.pair, judges.parser.scheme, "face")
        person = case.pair.references[giver]
        if person not in known:
            known[person] = find(case.sources[giver].pixels)
        own, found = known[person], find(case.composite.pixels)
        if own is None or found is None:
            missing = person if own is None else "the composite"
            return [Measured(math.nan, f"dlib finds no face in {missing}")]
        return [Measured(distance(found, own))]

    return measure
