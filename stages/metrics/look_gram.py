"""How near a region comes to the texture of the image whose look it gets, by Gram matrices of features."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.metrics._gram import gram_distance
from stages.scoring.looks import any_look, over_looks

if TYPE_CHECKING:
    from stages.scoring.judges import Judges
    from stages.scoring.prepared import PreparedImage


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    first = next(iter(judges.perceptuals))

    def compare(a: "PreparedImage", on_a: np.ndarray, b: "PreparedImage", on_b: np.ndarray) -> list[float]:
        return [gram_distance(a.features[first], on_a, b.features[first], on_b)]

    return over_looks(judges, compare)


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="Gatys, Ecker and Bethge 2016; the share of the goal's square is of this project",
    names=lambda setup: [f"look Gram {setup.judges[0]}@{setup.size}"],
    prepare=prepare,
    applies=any_look,
)
