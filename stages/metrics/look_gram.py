"""How near a region comes to the texture of the image whose look it gets, by Gram matrices of features."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.looks import NOTHING, any_look, mean_over_looks

if TYPE_CHECKING:
    from stages.scoring.judges import Judges
    from stages.scoring.prepared import PreparedImage


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    import torch

    from stages.codes.style import STYLE_BLOCKS, masked_grams, share_of_grams

    first = next(iter(judges.perceptuals))

    def compare(a: "PreparedImage", on_a: np.ndarray, b: "PreparedImage", on_b: np.ndarray) -> float:
        grams = [
            masked_grams(look.features[first][:STYLE_BLOCKS], torch.from_numpy(mask)[None, None].to(look.tensor))
            for look, mask in ((a, on_a), (b, on_b))
        ]
        return float(share_of_grams(*grams).item())

    def measure(case: Case) -> list[Measured]:
        value = mean_over_looks(judges, case, compare)
        return [Measured(value, NOTHING if math.isnan(value) else "")]

    return measure


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="Gatys, Ecker and Bethge 2016; the share of the goal's square is of this project",
    names=lambda setup: [f"look Gram {setup.judges[0]}@{setup.size}"],
    prepare=prepare,
    applies=any_look,
)
