"""What is compared with what: every embedding with its image, every composite with what it was made from."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stages.formats.files import is_failed
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.metrics import Case, Direction, Measured
from stages.regions.labels import LabelScheme, in_common
from stages.regions.pair import Pair, shown
from stages.scoring.bench import Bench, Value
from stages.scoring.judging import Given, Judged
from stages.scoring.prepared import PreparedImage
from stages.scoring.transfer_masks import REGIONS, giver_of, outside_taken, transfer_masks
from stages.statistics.images import joined
from stages.statistics.table import SUMMARY

Features = list[list[np.ndarray]]  # of images, of each kind of features


def score_reconstruction(
    bench: Bench, faces: Mapping[str, Path], renders: Mapping[str, Path], permutations: int, seed: int
) -> Iterator[tuple[str, Value]]:
    """Yield the measurements of every face against each of its embeddings, then those of the sets under `*`.

    Args:
        bench: what measures.
        faces: file of every face by name.
        renders: folder of the embeddings' images by kind.
        permutations, seed: of the null of a Fréchet distance.
    """
    kinds = bench.judges.features
    features: dict[str, tuple[Features, Features]] = {code: ([], []) for code in renders}
    seen: dict[str, list[str]] = {code: [] for code in renders}
    for name, path in faces.items():
        done = [code for code, folder in renders.items() if not is_failed(folder / f"{name}.png")]
        if is_failed(path) or not done:
            continue
        face = bench.judges.prepare(read_rgb(path))
        own = [kind.of(face) for kind in kinds]
        for code in done:
            render = bench.judges.prepare(read_rgb(renders[code] / f"{name}.png"))
            for metric, measured, direction in bench.compare("whole", render, face):
                yield code, _value(name, metric, measured, direction)
            seen[code].append(name)
            features[code][0].append(own)
            features[code][1].append([kind.of(render) for kind in kinds])
    for code, (x, y) in features.items():
        yield from ((code, value) for value in score_sets(bench, x, y, seen[code], seen[code], permutations, seed))


def score_transfer(
    bench: Bench,
    pairs: Sequence[Pair],
    given: Given,
    composites: Mapping[str, Path],
    judged: Mapping[str, Judged],
    permutations: int,
    seed: int,
) -> Iterator[tuple[str, Value]]:
    """Yield the measurements of every method's composite of every pair, then those of the sets under `*`.

    A composite that is a failure is not measured: an unchanged image would keep the identity perfectly.

    The sets are all images that the method's composites are made from, each once, and its composites.

    Args:
        bench: what measures.
        pairs: all pairs.
        given: what the composites were made from.
        composites: folder of the composites by method.
        judged: what became of the composites by method.
        permutations, seed: of the null of a Fréchet distance.
    """
    judges, scheme = bench.judges, bench.judges.parser.scheme
    regions = regions_beside_taken(pairs, scheme)
    features_of: dict[str, list[np.ndarray]] = {}
    used: dict[str, dict[str, None]] = {method: {} for method in composites}
    made: dict[str, Features] = {method: [] for method in composites}
    made_of: dict[str, list[str]] = {method: [] for method in composites}
    for pair in pairs:
        done = [method for method in composites if judged[method].measured(pair.pair)]
        if not done:
            continue
        sources = [judges.prepare(read_rgb(given.faces[image])) for image in pair.images]
        own = [read_label_map(given.maps / f"{image}.png", scheme) for image in pair.images]
        target = read_label_map(given.targets / f"{pair.pair}.png", scheme)
        for image, source in zip(pair.images, sources, strict=True):
            if image not in features_of:
                features_of[image] = [kind.of(source) for kind in judges.features]
        for method in done:
            composite = judges.prepare(read_rgb(composites[method] / f"{pair.pair}.png"))
            case = Case(pair, composite, sources, own, target)
            yield from ((method, value) for value in score_case(bench, case, regions))
            used[method] |= dict.fromkeys(pair.images)
            made_of[method].append(joined(pair.images))
            made[method].append([kind.of(composite) for kind in judges.features])
    for method in composites:
        x, images = [features_of[image] for image in used[method]], list(used[method])
        sets = score_sets(bench, x, made[method], images, made_of[method], permutations, seed)
        yield from ((method, value) for value in sets)


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


def score_sets(
    bench: Bench,
    x: Features,
    y: Features,
    images_x: Sequence[str],
    images_y: Sequence[str],
    permutations: int,
    seed: int,
) -> Iterator[Value]:
    """Yield the metrics of two sets on each kind of features.

    Args:
        bench: what measures.
        x, y: of each image the features (d,) of every kind; y are the results. Of fewer than 2 nothing is measured.
        images_x, images_y: the images that each is or was made from, as `joined` gives them.
        permutations, seed: of the null.
    """
    n = len(y)
    if min(len(x), n) < 2:
        return
    options: dict[str, Any] = {"images_x": images_x, "images_y": images_y, "permutations": permutations, "seed": seed}
    for k, kind in enumerate(bench.judges.features):
        a, b = (np.stack([features[k] for features in images]) for images in (x, y))
        for metric in (each for each in bench.sets if each.on(kind.name)):
            title = metric.title(kind.name)
            for part in metric.measure(a, b, **options):
                name = f"{title}{part.suffix}"
                yield Value(SUMMARY, name, part.value, metric.direction, n, part.low, part.high, part.note)


def regions_beside_taken(pairs: Sequence[Pair], scheme: LabelScheme) -> list[str]:
    """Regions that are not in every pair just what is taken: of such a region *taken* says all there is to say."""
    return [
        region
        for region in REGIONS
        if any(pair.taken(scheme)[1:] != [frozenset(scheme.indices(region))] for pair in pairs)
    ]
