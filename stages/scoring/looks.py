"""Regions of a composite held against the images that give them, each under a mask of its own: no pixel has a partner.

A region that is taken is given by one image, shape and look. A region may also get the look of another image.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, Measured
from stages.regions.pair import Pair
from stages.scoring.pixels import resize_mask

if TYPE_CHECKING:
    from stages.regions.labels import LabelScheme
    from stages.scoring.judges import Judges
    from stages.scoring.prepared import PreparedImage

NO_LOOK = "nothing gets another image's look"
NOT_TAKEN = "nothing is taken with its look that both maps show"
# How near two regions are, each under its own mask (size, size) of weights: a value for each name of the metric, or
# None where the images have none for a known reason.
Compare = Callable[["PreparedImage", np.ndarray, "PreparedImage", np.ndarray], Sequence[float | None]]


def any_look(pairs: Sequence[Pair]) -> bool:
    """Whether some pair gives a region another image's look."""
    return any(pair.appearance for pair in pairs)


def any_taken(pairs: Sequence[Pair]) -> bool:
    """Whether some pair takes the shape of a region from another image."""
    return any(pair.regions for pair in pairs)


def taken_with_look(pair: Pair, scheme: "LabelScheme") -> dict[int, frozenset[int]]:
    """By the number of a reference, the labels that are taken from it, shape and look; the identity's are not taken."""
    painted = frozenset[int]().union(*pair.painted(scheme).values())
    taken = enumerate(pair.taken(scheme))
    return {k: labels - painted for k, labels in taken if k and labels - painted}


def over_looks(judges: "Judges", compare: Compare) -> Callable[[Case], list[Measured]]:
    """A function that measures a case: the mean of `compare` over all images that give a look."""
    return _over(judges, lambda case: case.pair.painted(judges.parser.scheme), compare, NO_LOOK)


def over_taken(
    judges: "Judges", compare: Compare, count: int = 1, why: str = NOT_TAKEN
) -> Callable[[Case], list[Measured]]:
    """The same over all images of which something is taken with its look.

    `compare` gives `count` values; `why` is the note of a value that there is not.
    """
    return _over(judges, lambda case: taken_with_look(case.pair, judges.parser.scheme), compare, why, count)


def _over(
    judges: "Judges",
    given: Callable[[Case], Mapping[int, Iterable[int]]],
    compare: Compare,
    why: str,
    count: int = 1,
) -> Callable[[Case], list[Measured]]:
    """The composite where the target map has what an image gives, against that image where its own map has it."""

    def measure(case: Case) -> list[Measured]:
        values = []
        for k, labels in given(case).items():
            where, own = (resize_mask(np.isin(m, list(labels)), judges.size) for m in (case.target, case.own[k]))
            if where.any() and own.any():
                values.append(compare(case.composite, where, case.sources[k], own))
        return means(values, count, why)

    return measure


def means(values: Sequence[Sequence[float | None]], count: int, why: str) -> list[Measured]:
    """The mean of each of `count` values over some images; noted with the reason `why` where there is none.

    A value that one image does not have (None) is left out of its mean.
    """
    columns = [[value for row in values if (value := row[k]) is not None] for k in range(count)]
    return [Measured(float(np.mean(column))) if column else Measured(math.nan, why) for column in columns]
