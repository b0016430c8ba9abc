"""All metrics, ready to measure: each of the registry with its networks loaded, once a run."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stages import registry
from stages.metrics import Case, CaseMetric, Direction, ImageMetric, MapMetric, Measured, SetMetric, View
from stages.regions.pair import Pair
from stages.scoring.judges import Judges
from stages.scoring.metric_names import named_by_parser
from stages.scoring.prepared import Comparison, PreparedImage

IDENTICAL = "the images are identical"


class Value(NamedTuple):
    """One measurement; `item` is `*` for a set metric over `n` images. The rest as in `stages.statistics.table`."""

    item: str
    metric: str
    value: float
    direction: Direction
    n: int = 1
    low: float = math.nan
    high: float = math.nan
    note: str = ""


def noted(item: str, metric: str, value: float, direction: Direction, why_missing: str = "") -> Value:
    """A value with a note if it is infinite, or missing for a known reason."""
    note = why_missing if math.isnan(value) else IDENTICAL if math.isinf(value) else ""
    return Value(item, metric, value, direction, note=note)


class _Image(NamedTuple):
    """A metric of two images, with its names and the function that measures."""

    metric: ImageMetric
    names: list[str]
    measure: Callable[[Comparison], list[float]]


class Bench:
    """The metrics of a run.

    `any_of`: pairs that decide which metrics say anything; none for the reconstruction alone.
    """

    def __init__(self, judges: Judges, any_of: Sequence[Pair]) -> None:
        metrics = registry.entries("metrics").values()
        self.judges = judges
        self._pixels = judges._replace(perceptuals={})
        setup, last = judges.setup, judges.last()
        images = [metric for metric in metrics if isinstance(metric, ImageMetric)]
        self._images = [_Image(metric, metric.names(setup), metric.prepare(judges)) for metric in images]
        regional = [metric for metric in images if "region" in metric.views]
        self._regional = [_Image(metric, metric.names(last.setup), metric.prepare(last)) for metric in regional]
        self.maps = [
            (name, m, parser)
            for m in metrics
            if isinstance(m, MapMetric)
            for parser, names in named_by_parser(m, setup).items()
            for name in names
        ]
        cases = [m for m in metrics if isinstance(m, CaseMetric) and m.wanted(setup) and m.applies(any_of)]
        self._cases = [(metric, metric.names(setup), metric.prepare(judges)) for metric in cases]
        self.sets = [metric for metric in metrics if isinstance(metric, SetMetric)]

    def named(self, view: View) -> dict[str, Direction]:
        """The better direction of every metric of two images that has a view, by name."""
        return {name: i.metric.direction for i in self._images if view in i.metric.views for name in i.names}

    def compare(
        self, view: View, a: PreparedImage, b: PreparedImage, mask: np.ndarray | None = None
    ) -> Iterator[tuple[str, float, Direction]]:
        """Yield name, value and better direction of every metric that has a view; nan under an empty mask.

        `outside` is of pixels alone: no network's features are computed for it.
        """
        regional = view == "region"
        metrics = self._regional if regional else [image for image in self._images if view in image.metric.views]
        judges = self.judges.last() if regional else self._pixels if view == "outside" else self.judges
        if mask is not None and not mask.any():
            for metric, names, _ in metrics:
                yield from ((name, math.nan, metric.direction) for name in names)
            return
        comparison = judges.compare(a, b, mask)
        for metric, names, measure in metrics:
            for name, value in zip(names, measure(comparison), strict=True):
                yield name, value, metric.direction

    def of_case(self, case: Case) -> Iterator[tuple[str, Measured, Direction]]:
        """Yield name, value and better direction of every metric of a composite with what it was made from."""
        for metric, names, measure in self._cases:
            for name, measured in zip(names, measure(case), strict=True):
                yield name, measured, metric.direction
