"""What is compared with what: an embedding with its image, a composite with what it was made from."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from stages.metrics import Case, Direction, Measured
from stages.regions.labels import LabelScheme, in_common
from stages.regions.pair import Pair, shown
from stages.scoring.bench import Bench
from stages.scoring.prepared import PreparedImage
from stages.scoring.sheets import Value
from stages.scoring.transfer_masks import giver_of, outside_taken, transfer_masks


def score_embedding(bench: Bench, image: str, render: PreparedImage, face: PreparedImage) -> Iterator[Value]:
    """Yield the measurements of an image's embedding against the image."""
    for metric, measured, direction in bench.compare("whole", render, face):
        yield _value(image, metric, measured, direction)


def score_case(bench: Bench, case: Case, regions: Sequence[str]) -> Iterator[Value]:
    """Yield the measurements of one composite where it must show what its sources show, and of its own label map.

    Args:
        bench: what measures.
        case: the composite and what it was made from.
        regions: those to be measured one by one, by the last judge, beside what is kept and what is taken.
    """
    scheme, pair = bench.judges.parser.scheme, case.pair
    masks = transfer_masks(pair, case.own[: len(pair.references)], case.target, scheme)
    yield from score_kept(bench, pair.pair, case.composite, case.sources[0], masks.kept)
    yield from score_taken(bench, pair.pair, case.composite, case.sources[1:], masks.taken)
    painted = frozenset[int]().union(*pair.painted(scheme).values())
    for region in regions:
        giver = giver_of(pair, scheme, region)
        given = pair.taken(scheme)[giver].intersection(scheme.indices(region)) - painted
        mask = shown(case.target, case.own[giver], given)
        nothing = f"no {region} that both maps show"
        for metric, measured, direction in bench.compare("region", case.composite, case.sources[giver], mask, nothing):
            yield _value(pair.pair, f"{region} {metric}", measured, direction)
    labels = {parser: bench.judges.parse(case.composite, parser) for parser in bench.judges.parsers}
    outside = outside_taken(pair, case.own[0], labels[bench.judges.parser_name], scheme)
    nothing = "what is taken covers the whole image"
    for metric, measured, direction in bench.compare("outside", case.composite, case.sources[0], outside, nothing):
        yield _value(pair.pair, f"outside {metric}", measured, direction)
    yield from score_maps(bench, pair, labels, case.target, regions)
    for metric, measured, direction in bench.of_case(case):
        yield _value(pair.pair, metric, measured, direction)


def score_kept(
    bench: Bench, item: str, composite: PreparedImage, identity: PreparedImage, mask: np.ndarray
) -> Iterator[Value]:
    """Yield the measurements of a pair's composite where it must show its identity, bool (H, W)."""
    nothing = "nothing is kept that both maps show"
    for metric, measured, direction in bench.compare("kept", composite, identity, mask, nothing):
        yield _value(item, f"kept {metric}", measured, direction)


def score_taken(
    bench: Bench, item: str, composite: PreparedImage, sources: Sequence[PreparedImage], masks: Sequence[np.ndarray]
) -> Iterator[Value]:
    """Yield the means over the references of a composite's measurements, where it must show each; masks bool (H, W).

    `sources`: the images of the references behind the identity; those behind the masks' are not looked at.
    """
    directions = bench.named("taken")
    taken: dict[str, list[Measured]] = {metric: [] for metric in directions}
    for source, mask in zip(sources, masks, strict=False):
        if mask.any():
            for metric, measured, _ in bench.compare("taken", composite, source, mask):
                taken[metric].append(measured)
    for metric, each in taken.items():
        yield _value(item, f"taken {metric}", _mean(each), directions[metric])


def _value(item: str, metric: str, measured: Measured, direction: Direction) -> Value:
    return Value(item, metric, measured.value, direction, note=measured.note)


def _mean(taken: Sequence[Measured]) -> Measured:
    """The mean over all references of which something is shown; not finite for the reason that one of them is not."""
    if not taken:
        return Measured(math.nan, "nothing is taken that both maps show")
    # A region too small for a metric leaves the mean to the others, if there are any.
    taken = [each for each in taken if not (math.isnan(each.value) and each.note)] or taken
    notes = [each.note for each in taken if not math.isfinite(each.value)]
    # What has no note is a fault, which the note of another reference must not cover.
    return Measured(float(np.mean([each.value for each in taken])), notes[0] if notes and all(notes) else "")


def score_maps(
    bench: Bench, pair: Pair, labels: Mapping[str, np.ndarray], target: np.ndarray, regions: Sequence[str]
) -> Iterator[Value]:
    """Yield the agreement of a composite's maps (H, W) with the target map: what is taken, regions, their mean.

    The mean is over all regions of the label scheme that are in either map. `labels`: a map by each parser. What a
    parser of another scheme says is compared in the labels that both schemes can tell apart.
    """
    scheme = bench.judges.parser.scheme
    moved = frozenset[int]().union(*pair.taken(scheme)[1:], *pair.painted(scheme).values())
    for name, metric, parser in bench.maps:
        other, direction = bench.judges.parsers[parser].scheme, metric.direction
        maps = in_common(labels[parser], other, scheme), in_common(target, scheme, other)
        agree = partial(metric.measure, *maps)
        taken = agree(_translated(moved, scheme, other))
        yield _of_maps(pair, f"taken {name}", taken, direction, "what is taken is in neither map")
        each = {region: agree(_translated(scheme.indices(region), scheme, other)) for region in scheme.regions}
        for region in regions:
            yield _of_maps(pair, f"{region} {name}", each[region], direction, f"no {region} in either map")
        yield Value(pair.pair, f"mean {name}", float(np.nanmean(list(each.values()))), direction)


def _of_maps(pair: Pair, metric: str, value: float, direction: Direction, why_missing: str) -> Value:
    """A value of two label maps, with a note if it is nan: `MapMetric` says what that means."""
    return Value(pair.pair, metric, value, direction, note=why_missing if math.isnan(value) else "")


def _translated(indices: Iterable[int], scheme: LabelScheme, other: LabelScheme) -> list[int]:
    """Indices of labels of `scheme` as `in_common` has them."""
    found: list[int] = in_common(np.array(sorted(indices), np.int64), scheme, other).tolist()
    return found
