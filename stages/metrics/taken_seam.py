"""Whether a seam shows along the border of what is taken: colours that jump there, and in no source."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.borders import border, seam
from stages.scoring.looks import any_taken, taken_with_look
from stages.scoring.pixels import resize_mask

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

NOTHING = "the target map has no border of what is taken with its look"


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    def measure(case: Case) -> list[Measured]:
        labels = frozenset[int]().union(*taken_with_look(case.pair, judges.parser.scheme).values())
        region = resize_mask(np.isin(case.target, list(labels)), judges.size) >= 0.5
        sources = [source.small for source in case.sources[: len(case.pair.references)]]
        if not border(region).any():
            return [Measured(math.nan, NOTHING)]
        return [Measured(seam(case.composite.small, sources, region))]

    return measure


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="of this project: gradients of the composite against those of its sources",
    names=lambda setup: [f"taken seam@{setup.size}"],
    prepare=prepare,
    applies=any_taken,
)
