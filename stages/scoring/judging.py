"""The rules of `stages.scoring.failures`, asked of the files of a run, and their rows of the table."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.engine.stage_records import Record
from stages.formats.files import is_failed
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.nets.dlib_faces import detect_faces
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.bench import Value
from stages.scoring.expectations import Expected, expect, seen_small
from stages.scoring.failures import MISSING, UNREADABLE, Failure, Seen, judge
from stages.statistics.names import FAILURE


class Given(NamedTuple):
    """Where the faces, maps and targets are."""

    faces: Mapping[str, Path]
    maps: Path
    targets: Path

    def failed(self, pair: Pair) -> Path | None:
        """The first file of a pair that an earlier stage failed to make, if there is one."""
        files = [file for name in pair.images for file in (self.faces[name], self.maps / f"{name}.png")]
        return next((file for file in [*files, self.targets / f"{pair.pair}.png"] if is_failed(file)), None)


class Judged(NamedTuple):
    """What became of a method's results, by pair: why each failure is one, and why a result could not be judged."""

    failures: Mapping[str, Failure]
    unjudged: Mapping[str, str]

    def measured(self, pair: str) -> bool:
        """Whether the result of a pair is measured."""
        return pair not in self.failures and pair not in self.unjudged


def see(pixels: np.ndarray) -> Seen:
    """An image, uint8 (H, H, 3), as the rules see it."""
    return Seen(seen_small(pixels), hashlib.sha256(pixels.tobytes()).digest(), bool(detect_faces(pixels)))


def judge_all(
    pairs: Sequence[Pair],
    given: Given,
    composites: Mapping[str, Path],
    records: Mapping[str, Record],
    scheme: LabelScheme,
) -> dict[str, Judged]:
    """Judge the results of every method.

    Args:
        pairs: all pairs.
        given: what the results were made from.
        composites: folder of the composites by method.
        records: of the composites by method, which say why one is missing; a method without has no reasons.
        scheme: of the label maps.
    """
    images: dict[str, Seen] = {}
    expected: dict[int, Expected] = {}
    unjudged: dict[str, str] = {}
    for k, pair in enumerate(pairs):
        if (failed := given.failed(pair)) is not None:
            unjudged[pair.pair] = f"not judged: {failed} is empty, it failed before"
            continue
        images |= {name: see(read_rgb(given.faces[name])) for name in pair.images if name not in images}
        maps = [read_label_map(given.maps / f"{name}.png", scheme) for name in pair.references]
        target = read_label_map(given.targets / f"{pair.pair}.png", scheme)
        expected[k] = expect(pair, [images[name].small for name in pair.references], maps, target, scheme)
    judged = {}
    for method, folder in composites.items():
        gone = absent(pairs, folder, records.get(method))
        results = {k: see(read_rgb(folder / f"{pairs[k].pair}.png")) for k in expected if pairs[k].pair not in gone}
        found = {pairs[k].pair: failure for k, failure in judge(pairs, results, expected, images).items()}
        judged[method] = Judged(gone | found, {name: why for name, why in unjudged.items() if name not in gone})
    return judged


def absent(pairs: Sequence[Pair], folder: Path, record: Record | None) -> dict[str, Failure]:
    """The pairs whose composite is an empty file, with the reason that the record gives."""
    items = {item["item"]: item for item in record["items"]} if record else {}
    found = {}
    for pair in pairs:
        if is_failed(folder / f"{pair.pair}.png"):
            item = items.get(pair.pair)
            rule = UNREADABLE if item and item.get("unreadable") else MISSING
            found[pair.pair] = Failure(rule, (item and item.get("reason")) or "it has no composite")
    return found


def failure_values(judged: Judged, pairs: Sequence[Pair]) -> Iterator[Value]:
    """Yield a method's value of `failure` for every pair, 1 or 0."""
    for pair in pairs:
        failure = judged.failures.get(pair.pair)
        note = failure.note if failure else judged.unjudged.get(pair.pair, "")
        yield Value(pair.pair, FAILURE, float(failure is not None), "lower", note=note)
