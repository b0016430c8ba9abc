"""Whether skin that hair covered goes on as the skin beside it: its shade against a plane through that of the rest."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.metrics._shrunk import shrunk
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.pixels import resize_mask
from stages.scoring.transfer_masks import giver_of

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

EDGE = 1 / 128  # of the image's side that a region shrinks by: no border of hair, brow or lip counts
LEAST = 0.005  # of the image that must be uncovered: five cells. Hairlines differ, and leave slivers everywhere
NOTHING = "hardly any skin is uncovered"
NO_SKIN = "hardly any skin is visible beside what is uncovered"


def uncovered_and_visible(own: np.ndarray, target: np.ndarray, scheme: LabelScheme) -> tuple[np.ndarray, np.ndarray]:
    """Where skin of a target map was under hair, and where it was to be seen; each without its border, bool (H, W).

    `own`: the label map of the image that gives the face.
    """
    skin = np.isin(target, scheme.spread_indices)
    under = np.isin(own, scheme.indices("hair"))
    shown = np.isin(own, scheme.spread_indices)
    pixels = max(1, round(EDGE * len(own)))
    return shrunk(skin & under, pixels), shrunk(skin & shown, pixels)


def skin_difference(image: np.ndarray, uncovered: np.ndarray, visible: np.ndarray) -> float:
    """Mean CIEDE2000 of the shade of uncovered skin and of that which visible skin foretells; at least 0.

    Args:
        image: (S, S, 3) in [0, 1], sRGB.
        uncovered, visible: weights (S, S) in [0, 1], neither empty.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    from stages.regions.skin import cell_means, shade

    lab = rgb2lab(image)
    colours, shares = cell_means(lab, uncovered)
    differences = deltaE_ciede2000(colours, shade(*cell_means(lab, visible)))
    return float(np.average(differences, weights=shares))


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    scheme = judges.parser.scheme

    def measure(case: Case) -> list[Measured]:
        own = case.own[giver_of(case.pair, scheme, "face")]
        uncovered, visible = uncovered_and_visible(own, case.target, scheme)
        for mask, why in ((uncovered, NOTHING), (visible, NO_SKIN)):
            if mask.mean() < LEAST:
                return [Measured(math.nan, why)]
        weights = (resize_mask(mask, judges.size) for mask in (uncovered, visible))
        return [Measured(skin_difference(case.composite.small, *weights))]

    return measure


def may_uncover(pairs: Sequence[Pair]) -> bool:
    """Whether some pair changes what lies over a face, or the face under it."""
    return any({"hair", "face"} & set(pair.regions) for pair in pairs)


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="CIEDE2000: Sharma, Wu and Dalal 2005, through scikit-image; the plane: of this project",
    names=lambda setup: [f"uncovered skin CIEDE2000@{setup.size}"],
    prepare=prepare,
    applies=may_uncover,
)
