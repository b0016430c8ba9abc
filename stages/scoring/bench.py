"""All metrics, ready to measure: each of the registry with its networks loaded, once a run."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from numbers import Real
from typing import NamedTuple

import numpy as np

from stages import registry
from stages.errors import UserError
from stages.metrics import Case, CaseMetric, Direction, ImageMetric, MapMetric, Measured, View
from stages.regions.pair import Pair
from stages.scoring.judges import Judges
from stages.scoring.metric_names import named_by_parser
from stages.scoring.prepared import Comparison, PreparedImage

IDENTICAL = "the images are identical"
EMPTY = "the mask is empty"
ROUNDING = 1e-5  # by which float32 may leave a range, as a cosine of 1.0000001 does


class _Image(NamedTuple):
    """A metric of two images, with its file's name, its names and the function that measures."""

    entry: str
    metric: ImageMetric
    names: list[str]
    measure: Callable[[Comparison], list[float]]


class Bench:
    """The metrics of a run.

    `any_of`: pairs that decide which metrics of composites say anything; None: all of them.
    `only`: the files of the metrics, where not all are measured.
    """

    def __init__(self, judges: Judges, any_of: Sequence[Pair] | None, only: Collection[str] | None = None) -> None:
        entries = {name: m for name, m in registry.entries("metrics").items() if only is None or name in only}
        metrics = entries.values()
        self.judges = judges
        self._pixels = judges._replace(perceptuals={})
        setup, last = judges.setup, judges.last()
        images = [(entry, metric) for entry, metric in entries.items() if isinstance(metric, ImageMetric)]
        self._images = [_Image(entry, metric, metric.names(setup), metric.prepare(judges)) for entry, metric in images]
        self._regional = [
            _Image(entry, metric, metric.names(last.setup), metric.prepare(last))
            for entry, metric in images
            if "region" in metric.views
        ]
        self.maps = [
            (name, m, parser)
            for m in metrics
            if isinstance(m, MapMetric)
            for parser, names in named_by_parser(m, setup).items()
            for name in names
        ]
        self._cases = [
            (entry, m, m.names(setup), m.prepare(judges))
            for entry, m in entries.items()
            if isinstance(m, CaseMetric) and m.wanted(setup) and (any_of is None or m.applies(any_of))
        ]

    def named(self, view: View) -> dict[str, Direction]:
        """The better direction of every metric of two images that has a view, by name."""
        return {name: i.metric.direction for i in self._images if view in i.metric.views for name in i.names}

    def compare(
        self, view: View, a: PreparedImage, b: PreparedImage, mask: np.ndarray | None = None, empty: str = EMPTY
    ) -> Iterator[tuple[str, Measured, Direction]]:
        """Yield name, value and better direction of every metric that has a view.

        The value is nan with the note `empty` under an empty mask, and infinite with a note if the images are equal
        there. A nan has the note `undefined` of its metric, if it has one. Any other value that is
        not finite has no note: nobody knows why.
        `outside` is of pixels alone: no network's features are computed for it.

        Raises:
            UserError: a metric does not give what it says.
        """
        regional = view == "region"
        metrics = self._regional if regional else [image for image in self._images if view in image.metric.views]
        judges = self.judges.last() if regional else self._pixels if view == "outside" else self.judges
        if mask is not None and not mask.any():
            for image in metrics:
                yield from ((name, Measured(math.nan, empty), image.metric.direction) for name in image.names)
            return
        comparison = judges.compare(a, b, mask)
        equal = IDENTICAL if np.array_equal(comparison.a.small, comparison.b.small) else ""
        for entry, metric, names, measure in metrics:
            values = measure(comparison)
            _check_values(entry, metric, names, values)
            for name, value in zip(names, values, strict=True):
                note = equal if math.isinf(value) else metric.undefined if math.isnan(value) else ""
                yield name, Measured(value, note), metric.direction

    def of_case(self, case: Case) -> Iterator[tuple[str, Measured, Direction]]:
        """Yield name, value and better direction of every metric of a composite with what it was made from.

        Raises:
            UserError: a metric does not give what it says.
        """
        for entry, metric, names, measure in self._cases:
            found = measure(case)
            if not (isinstance(found, list | tuple) and all(isinstance(each, Measured) for each in found)):
                raise UserError(f"stages/metrics/{entry}.py: gives {found!r}; it must give a list of Measured")
            _check_values(entry, metric, names, [each.value for each in found])
            for name, measured in zip(names, found, strict=True):
                yield name, measured, metric.direction


def _check_values(entry: str, metric: ImageMetric | CaseMetric, names: Sequence[str], values: object) -> None:
    """Raises UserError unless a metric gives a number for each of its names, in its range as far as it is no nan."""
    where = f"stages/metrics/{entry}.py"
    if not (isinstance(values, list | tuple) and all(isinstance(value, Real) for value in values)):
        raise UserError(f"{where}: gives {values!r}; it must give a list of numbers, one for each of its names")
    if len(values) != len(names):
        named = ", ".join(names) or "none"
        raise UserError(f"{where}: gives {len(values)} values; it must give one for each of its names, {named}")
    low, high = metric.range
    for name, value in zip(names, values, strict=True):
        if value < low - ROUNDING or value > high + ROUNDING:
            raise UserError(f"{where}: {name} is {value:g}, out of its range {low:g} to {high:g}; mend one of the two")
