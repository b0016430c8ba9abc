"""Whether the border of what is taken is as sharp as in the image that gives it."""

import math
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import CaseMetric
from stages.scoring.borders import sharpness_gap
from stages.scoring.looks import NOT_TAKEN, any_taken, over_taken

if TYPE_CHECKING:
    from stages.scoring.prepared import PreparedImage

NOTHING = f"{NOT_TAKEN}, or its border has no contrast"


def compare(a: "PreparedImage", on_a: np.ndarray, b: "PreparedImage", on_b: np.ndarray) -> list[float | None]:
    """The gap of the two borders' sharpness; a pixel belongs to a region if half of it does."""
    gap = sharpness_gap(a.small, on_a >= 0.5, b.small, on_b >= 0.5)
    return [None if math.isnan(gap) else gap]


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="of this project: the steepness of an edge over its contrast",
    names=lambda setup: [f"taken sharpness gap@{setup.size}"],
    prepare=lambda judges: over_taken(judges, compare, why=NOTHING),
    applies=any_taken,
)
