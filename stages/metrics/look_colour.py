"""How near a region comes to the colour of the image whose look it gets: CIEDE2000 of the mean colours."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.looks import NOTHING, any_look, mean_over_looks

if TYPE_CHECKING:
    from stages.scoring.judges import Judges


def colour_difference(a: np.ndarray, mask_a: np.ndarray, b: np.ndarray, mask_b: np.ndarray) -> float:
    """CIEDE2000 of the mean colours, taken in L*a*b*, of two images (H, W, 3) in [0, 1] under their masks (H, W).

    A mask holds weights ≥ 0 and is not empty. Source: Sharma, Wu and Dalal 2005, through scikit-image.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    means = [np.average(rgb2lab(x).reshape(-1, 3), axis=0, weights=m.ravel()) for x, m in ((a, mask_a), (b, mask_b))]
    return float(deltaE_ciede2000(*means))


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    def measure(case: Case) -> list[Measured]:
        value = mean_over_looks(judges, case, lambda a, on_a, b, on_b: colour_difference(a.small, on_a, b.small, on_b))
        return [Measured(value, NOTHING if math.isnan(value) else "")]

    return measure


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="Sharma, Wu and Dalal 2005, through scikit-image",
    names=lambda setup: [f"look CIEDE2000@{setup.size}"],
    prepare=prepare,
    applies=any_look,
)
