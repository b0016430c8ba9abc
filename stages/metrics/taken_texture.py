"""How near what is taken comes to its texture in the image that gives it, well inside of it where both show it."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from stages.metrics import Case, CaseMetric, Measured
from stages.metrics._gram import gram_distance
from stages.metrics._shrunk import shrunk
from stages.scoring.looks import any_taken, means
from stages.scoring.prepared import Setup
from stages.scoring.transfer_masks import transfer_masks

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

INSIDE = 5 / 256  # of the image's side: as far the official code shrinks hair before it compares it (5 px at 256 px)
NOTHING = "nothing is taken that both maps show away from its border"


def names(setup: Setup) -> list[str]:
    """By the last judge, as all single regions are: the first may be what alignment and blending minimise."""
    judge = setup.judges[-1]
    return [f"taken inner {judge}@{setup.size}", f"taken inner Gram {judge}@{setup.size}"]


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    last = judges.last()
    ((name, net),) = last.perceptuals.items()

    def measure(case: Case) -> list[Measured]:
        masks = transfer_masks(case.pair, case.own[: len(case.pair.references)], case.target, judges.parser.scheme)
        values: list[list[float]] = []
        for source, mask in zip(case.sources[1:], masks.taken, strict=False):
            inner = shrunk(mask, max(1, round(INSIDE * len(mask))))
            if not inner.any():
                continue
            pair = last.compare(case.composite, source, inner)
            a, b = pair.a.features[name], pair.b.features[name]
            assert pair.mask is not None
            distance = float(net.distance(a, b, pair.tensor_mask).item())
            values.append([distance, gram_distance(a, pair.mask, b, pair.mask)])
        return means(values, 2, NOTHING)

    return measure


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="LPIPS: Zhang et al. 2018; Gram matrices: Gatys, Ecker and Bethge 2016, their share of this project",
    names=names,
    prepare=prepare,
    applies=any_taken,
)
