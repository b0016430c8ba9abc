"""The rows of the table, of all sheets of a run: what is measured of single items, of sets, and failures.

A composite that is a failure has no other row: an unchanged image would keep the identity perfectly. No torch here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stages import registry
from stages.metrics import SetMetric, SetPart
from stages.regions.pair import Pair
from stages.scoring.failures import Failure
from stages.scoring.judging import Sheets, failure_values, judge_all
from stages.scoring.sheets import Sheet, Value
from stages.statistics.images import joined
from stages.statistics.table import SUMMARY


class Row(NamedTuple):
    """A measurement of a protocol and method; `images`: those that the item is made from, as `joined` gives them."""

    protocol: str
    method: str
    value: Value
    images: str


class Drawn(NamedTuple):
    """How the distances of sets by chance are drawn: how many relabellings, by which seed."""

    permutations: int
    seed: int


class Sets(NamedTuple):
    """Two sets of images, as a set metric gets them: features, the images of each sample, and how chance is drawn."""

    x: np.ndarray
    y: np.ndarray
    images_x: Sequence[str]
    images_y: Sequence[str]
    drawn: Drawn


MeasureSets = Callable[[str, Sets], list[SetPart]]  # by the metric of a file


def measure_sets(entry: str, sets: Sets) -> list[SetPart]:
    """What the set metric of a file says of two sets."""
    metric = registry.load("metrics", entry)
    assert isinstance(metric, SetMetric)
    images = {"images_x": sets.images_x, "images_y": sets.images_y}
    return metric.measure(sets.x, sets.y, **images, **sets.drawn._asdict())


def reconstruction_rows(
    names: Sequence[str],
    faces: Sheets,
    embeddings: Mapping[str, Sheets],
    folder_of: Mapping[str, str],
    in_place: Collection[str],
    own_hair: Collection[str],
    drawn: Drawn,
    measure: MeasureSets = measure_sets,
) -> Iterator[Row]:
    """Yield every method's measurements of images against their embeddings, of self-transfers, and of their sets.

    Args:
        names: of all images, in their order.
        faces: their sheets.
        embeddings: by folder of embeddings, the sheets of these.
        folder_of: the folder of each method that has embeddings.
        in_place: the methods whose composite of an image with its own hair is its embedding.
        own_hair: the metrics that are measured of such a composite.
        drawn: how the distances by chance are.
        measure: measures two sets, or knows what they were measured to be.
    """
    for folder, sheets in embeddings.items():
        values: list[Value] = []
        images, x, y = [], [], []
        for name in names:
            face, sheet = faces[name], sheets[name]
            if isinstance(face, Sheet) and isinstance(sheet, Sheet):
                values += sheet.values
                images.append(name)
                x.append(face.features)
                y.append(sheet.features)
        values += score_sets(x, y, images, images, drawn, measure)
        for method in (each for each, own in folder_of.items() if own == folder):
            for value in values:
                image = "" if value.item == SUMMARY else value.item
                yield Row("reconstruction", method, value, image)
                if method in in_place and value.metric in own_hair:
                    yield Row("self-transfer", method, value, image)


def transfer_rows(
    pairs: Sequence[Pair],
    images: Sheets,
    of_pairs: Sheets,
    composites: Mapping[str, Sheets],
    absent: Mapping[str, Mapping[str, Failure]],
    left_out: Collection[str],
    drawn: Drawn,
    measure: MeasureSets = measure_sets,
) -> Iterator[Row]:
    """Yield the measurements of every method's composites, then those of the sets, then which of them are failures.

    The sets are all images that the method's composites are made from, each once, and its composites.

    Args:
        pairs, images, of_pairs, composites, absent: as of `judge_all`.
        left_out: names of metrics that are measured of every pair, and say nothing in this run.
        drawn, measure: as of `reconstruction_rows`.
    """
    judged = judge_all(pairs, images, of_pairs, composites, absent)
    for method, sheets in composites.items():
        used: dict[str, None] = {}
        made, made_of = [], []
        for pair in pairs:
            sheet = sheets[pair.pair]
            if not judged[method].measured(pair.pair) or isinstance(sheet, str):
                continue
            text = joined(pair.images)
            yield from (Row("transfer", method, v, text) for v in sheet.values if v.metric not in left_out)
            used |= dict.fromkeys(pair.images)
            made.append(sheet.features)
            made_of.append(text)
        x = [sheet.features for name in used if isinstance(sheet := images[name], Sheet)]
        for value in score_sets(x, made, list(used), made_of, drawn, measure):
            yield Row("transfer", method, value, "")
    of = {pair.pair: joined(pair.images) for pair in pairs}
    for method in composites:
        yield from (Row("transfer", method, v, of[v.item]) for v in failure_values(judged[method], pairs))


def score_sets(
    x: Sequence[Mapping[str, np.ndarray]],
    y: Sequence[Mapping[str, np.ndarray]],
    images_x: Sequence[str],
    images_y: Sequence[str],
    drawn: Drawn,
    measure: MeasureSets,
) -> Iterator[Value]:
    """Yield the metrics of two sets on each kind of features.

    Args:
        x, y: of each image the features (d,) by kind; y are the results. Of fewer than 2 nothing is measured.
        images_x, images_y: the images that each is or was made from, as `joined` gives them.
        drawn, measure: as of `reconstruction_rows`.
    """
    if min(len(x), len(y)) < 2:
        return
    metrics = {name: metric for name, metric in registry.entries("metrics").items() if isinstance(metric, SetMetric)}
    for kind in y[0]:
        a, b = (np.stack([features[kind] for features in images]) for images in (x, y))
        sets = Sets(a, b, images_x, images_y, drawn)
        for entry, metric in metrics.items():
            if metric.on(kind):
                title = metric.title(kind)
                for part in measure(entry, sets):
                    name = f"{title}{part.suffix}"
                    yield Value(SUMMARY, name, part.value, metric.direction, len(y), part.low, part.high, part.note)
