"""The rules of `stages.scoring.failures`, asked of what was measured, and their rows of the table. No torch here."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stages.engine.stage_records import ItemRecord
from stages.regions.pair import Pair
from stages.scoring.failures import MISSING, UNREADABLE, Failure, judge
from stages.scoring.sheets import Sheet, Value
from stages.statistics.names import FAILURE

Sheets = Mapping[str, Sheet | str]  # by item, or why there is none


class Given(NamedTuple):
    """Where the faces, maps and targets are."""

    faces: Mapping[str, Path]
    maps: Path
    targets: Path


class Judged(NamedTuple):
    """What became of a method's results, by pair: why each failure is one, and why a result could not be judged."""

    failures: Mapping[str, Failure]
    unjudged: Mapping[str, str]

    def measured(self, pair: str) -> bool:
        """Whether the result of a pair is measured."""
        return pair not in self.failures and pair not in self.unjudged


def judge_all(
    pairs: Sequence[Pair],
    images: Sheets,
    of_pairs: Sheets,
    composites: Mapping[str, Sheets],
    absent: Mapping[str, Mapping[str, Failure]],
) -> dict[str, Judged]:
    """Judge the results of every method.

    Args:
        pairs: all pairs.
        images: the sheets of all their images.
        of_pairs: the sheets of the pairs.
        composites: by method, the sheets of its composites.
        absent: by method, the pairs that have no composite (see `absent_of`).
    """
    seen = {name: sheet.seen for name, sheet in images.items() if isinstance(sheet, Sheet)}
    unjudged: dict[str, str] = {}
    expected = {}
    for k, pair in enumerate(pairs):
        sheet = of_pairs[pair.pair]
        missing = [each for each in (sheet, *(images[name] for name in pair.images)) if isinstance(each, str)]
        if missing or isinstance(sheet, str):
            unjudged[pair.pair] = f"not judged: {missing[0]}"
        else:
            expected[k] = sheet.expected(pair.references)
    judged = {}
    for method, sheets in composites.items():
        gone, results, missing_here = absent[method], {}, dict(unjudged)
        for k in expected:
            name = pairs[k].pair
            result = sheets[name]
            if isinstance(result, Sheet):
                results[k] = result.seen
            else:
                missing_here[name] = f"not judged: {result}"
        found = {pairs[k].pair: failure for k, failure in judge(pairs, results, expected, seen).items()}
        judged[method] = Judged(
            {**gone, **found}, {name: why for name, why in missing_here.items() if name not in gone}
        )
    return judged


def absent_of(pairs: Sequence[Pair], items: Mapping[str, ItemRecord]) -> dict[str, Failure]:
    """The pairs that have no composite, by the records of the stage that makes a method's, with their reason."""
    found = {}
    for pair in pairs:
        item = items.get(pair.pair)
        if item is None or item["status"] == "failed":
            rule = UNREADABLE if item and item.get("unreadable") else MISSING
            found[pair.pair] = Failure(rule, (item and item.get("reason")) or "it has no composite")
    return found


def failure_values(judged: Judged, pairs: Sequence[Pair]) -> Iterator[Value]:
    """Yield a method's value of `failure` for every pair, 1 or 0."""
    for pair in pairs:
        failure = judged.failures.get(pair.pair)
        note = failure.note if failure else judged.unjudged.get(pair.pair, "")
        yield Value(pair.pair, FAILURE, float(failure is not None), "lower", note=note)
