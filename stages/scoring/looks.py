"""What gets another image's look, where no pixel has a counterpart: compared with the image that gives it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stages.regions.pair import Pair
from stages.scoring.pixels import resize_mask

if TYPE_CHECKING:
    from stages.metrics import Case
    from stages.scoring.judges import Judges
    from stages.scoring.prepared import PreparedImage

NOTHING = "nothing gets another image's look"
# The distance of two looks, each under its own mask (size, size) of weights.
Compare = Callable[["PreparedImage", np.ndarray, "PreparedImage", np.ndarray], float]


def any_look(pairs: Sequence[Pair]) -> bool:
    """Whether some pair gives a region another image's look."""
    return any(pair.appearance for pair in pairs)


def mean_over_looks(judges: "Judges", case: "Case", compare: Compare) -> float:
    """The mean over all images that give a look of what `compare` says; nan if none does.

    It compares what gets the look, where the target map has it, with the image that gives it, under its own map.
    """
    values = []
    for k, labels in case.pair.painted(judges.parser.scheme).items():
        where, own = (resize_mask(np.isin(m, list(labels)), judges.size) for m in (case.target, case.own[k]))
        values.append(compare(case.composite, where, case.sources[k], own))
    return float(np.mean(values)) if values else float("nan")
