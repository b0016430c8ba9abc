"""What is compared with what: every embedding with its image, every composite with what it was made from."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.formats.files import is_failed
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.metrics.regions import iou, transfer_masks
from stages.metrics.sets import ERROR, NULL, frechet, frechet_null, kernel_distance
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, shown
from stages.scoring.judges import IDENTITY, Judges, Look, SetFeatures, measure, measure_vgg, parse
from stages.scoring.looks import compare_looks
from stages.statistics.table import SUMMARY

REGIONS = ("hair", "face", "background")
IDENTICAL = "the images are identical"


class Value(NamedTuple):
    """One measurement; `item` is `*` for a set metric over `n` images. The rest as in `stages.statistics.table`."""

    item: str
    metric: str
    value: float
    n: int = 1
    low: float = math.nan
    high: float = math.nan
    note: str = ""


class Folders(NamedTuple):
    """Where the faces, maps and targets are."""

    faces: dict[str, Path]
    maps: Path
    targets: Path


def score_reconstruction(
    judges: Judges, faces: dict[str, Path], renders: dict[str, Path], permutations: int, seed: int
) -> Iterator[tuple[str, Value]]:
    """Yield the measurements of every face against each of its embeddings, then those of the sets under `*`.

    Args:
        judges: what measures.
        faces: file of every face by name.
        renders: folder of the embeddings' images by kind.
        permutations, seed: of the null of a Fréchet distance.
    """
    features: dict[str, list[list[np.ndarray]]] = {code: [[], []] for code in renders}
    for name, path in faces.items():
        done = [code for code, folder in renders.items() if not is_failed(folder / f"{name}.png")]
        if is_failed(path) or not done:
            continue
        face = judges.look(read_rgb(path))
        own = [kind.of(face) for kind in judges.sets]
        for code in done:
            render = judges.look(read_rgb(renders[code] / f"{name}.png"))
            for metric, value in (measure(judges, face, render) | measure_vgg(judges, face, render)).items():
                yield code, _value(name, metric, value)
            features[code][0].append(own)
            features[code][1].append([kind.of(render) for kind in judges.sets])
    for code, (x, y) in features.items():
        yield from ((code, value) for value in score_sets(judges.sets, x, y, permutations, seed, paired=True))


def score_transfer(
    judges: Judges, pairs: list[Pair], given: Folders, composites: dict[str, Path], permutations: int, seed: int
) -> Iterator[tuple[str, Value]]:
    """Yield the measurements of every method's composite of every pair, then those of the sets under `*`.

    The sets are all images that the method's composites are made from, each once, and its composites.

    Args:
        judges: what measures.
        pairs: all pairs.
        given: what the composites were made from.
        composites: folder of the composites by method.
        permutations, seed: of the null of a Fréchet distance.
    """
    scheme = judges.parser.scheme
    regions = regions_beside_taken(pairs, scheme)
    features_of: dict[str, list[np.ndarray]] = {}
    identities: dict[str, np.ndarray | None] = {}
    used: dict[str, dict[str, None]] = {method: {} for method in composites}
    made: dict[str, list[list[np.ndarray]]] = {method: [] for method in composites}
    for pair in pairs:
        done = [method for method, folder in composites.items() if not is_failed(folder / f"{pair.pair}.png")]
        if not done:
            continue
        sources = [judges.look(read_rgb(given.faces[image])) for image in pair.images]
        own = [read_label_map(given.maps / f"{image}.png", scheme) for image in pair.images]
        target = read_label_map(given.targets / f"{pair.pair}.png", scheme)
        for image, look in zip(pair.images, sources, strict=True):
            if image not in features_of:
                features_of[image] = [kind.of(look) for kind in judges.sets]
        giver = _giver(pair, scheme, "face")
        person = pair.references[giver]
        if judges.identify and person not in identities:
            identities[person] = judges.identify(sources[giver].pixels)
        for method in done:
            composite = judges.look(read_rgb(composites[method] / f"{pair.pair}.png"))
            of_references = own[: len(pair.references)]
            for value in compare_composite(judges, pair, composite, sources, of_references, target, regions):
                yield method, value
            if any(pair.appearance for pair in pairs):
                for metric, value in compare_looks(judges, pair, composite, sources, own, target).items():
                    yield method, _value(pair.pair, metric, value, "nothing gets another image's look")
            if judges.identify:
                yield method, compare_identity(judges, pair, composite, person, identities[person])
            used[method] |= dict.fromkeys(pair.images)
            made[method].append([kind.of(composite) for kind in judges.sets])
    for method in composites:
        x = [features_of[image] for image in used[method]]
        yield from ((method, value) for value in score_sets(judges.sets, x, made[method], permutations, seed))


def compare_composite(
    judges: Judges, pair: Pair, composite: Look, sources: Sequence[Look], own: Sequence[np.ndarray], target: np.ndarray,
    regions: Sequence[str],
) -> Iterator[Value]:  # fmt: skip
    """Yield the measurements of one composite where it must show what its sources show, and of its own label map.

    Args:
        judges: what measures.
        pair: what was taken from where.
        composite: the composite.
        sources, own: the references, the identity first, and their label maps (H, W); more sources are not looked at.
        target: the target map, likewise.
        regions: those to be measured one by one, by the last judge, beside what is kept and what is taken.
    """
    scheme = judges.parser.scheme
    masks = transfer_masks(pair, own, target, scheme)
    kept = measure(judges, composite, sources[0], masks["kept"])
    taken = [measure(judges, composite, s, mask) for s, mask in zip(sources[1:], masks["taken"], strict=False)]
    for metric, value in kept.items():
        values = [of_reference[metric] for of_reference in taken if not math.isnan(of_reference[metric])]
        mean = float(np.mean(values)) if values else math.nan
        yield _value(pair.pair, f"kept {metric}", value, "nothing is kept that both maps show")
        yield _value(pair.pair, f"taken {metric}", mean, "nothing is taken that both maps show")
    painted = frozenset().union(*pair.painted(scheme).values())
    last = judges._replace(perceptuals=dict(list(judges.perceptuals.items())[-1:]))
    for region in regions:
        giver = _giver(pair, scheme, region)
        given = pair.taken(scheme)[giver].intersection(scheme.indices(region)) - painted
        mask = shown(target, own[giver], given)
        for metric, value in measure(last, composite, sources[giver], mask).items():
            if not metric.startswith("RMSE"):  # PSNR says the same
                yield _value(pair.pair, f"{region} {metric}", value, f"no {region} that both maps show")
    yield from compare_maps(judges, pair, parse(judges, composite), target, regions)


def compare_maps(
    judges: Judges, pair: Pair, labels: np.ndarray, target: np.ndarray, regions: Sequence[str]
) -> Iterator[Value]:
    """Yield the agreement of a composite's own map (H, W) with the target map: what is taken, regions, their mean.

    The mean is over all regions of the label scheme that are in either map.
    """
    scheme = judges.parser.scheme
    name = f"IoU bisenet{len(scheme)}@{judges.parser.size}"
    moved = frozenset().union(*pair.taken(scheme)[1:], *pair.painted(scheme).values())
    yield _value(pair.pair, f"taken {name}", iou(labels, target, moved), "what is taken is in neither map")
    each = {region: iou(labels, target, scheme.indices(region)) for region in scheme.regions}
    for region in regions:
        yield _value(pair.pair, f"{region} {name}", each[region], f"no {region} in either map")
    yield _value(pair.pair, f"mean {name}", float(np.nanmean(list(each.values()))))


def compare_identity(judges: Judges, pair: Pair, composite: Look, person: str, identity: np.ndarray | None) -> Value:
    """The distance of the composite's identity from that of the image which gives its face."""
    found = judges.identify(composite.pixels)
    if identity is None or found is None:
        missing = person if identity is None else "the composite"
        return Value(pair.pair, IDENTITY, math.nan, note=f"dlib finds no face in {missing}")
    return Value(pair.pair, IDENTITY, float(np.linalg.norm(found - identity)))


def score_sets(
    sets: Sequence[SetFeatures], x: Sequence[Sequence[np.ndarray]], y: Sequence[Sequence[np.ndarray]],
    permutations: int, seed: int, *, paired: bool = False,
) -> Iterator[Value]:  # fmt: skip
    """Yield for each kind of features the Fréchet distance of two sets, its null, the kernel distance and its error.

    Args:
        sets: the kinds of features.
        x, y: of each image the features (d,) of every kind; y are the results. Of fewer than 2 nothing is measured.
        permutations, seed: of the null.
        paired: whether image k of y was made from image k of x.
    """
    n = len(y)
    if min(len(x), n) < 2:
        return
    for k, kind in enumerate(sets):
        a, b = (np.stack([features[k] for features in images]) for images in (x, y))
        null = frechet_null(a, b, permutations=permutations, seed=seed)
        distance, error = kernel_distance(a, b, paired=paired)
        yield Value(SUMMARY, kind.frechet, frechet(a, b), n)
        yield Value(SUMMARY, f"{kind.frechet}{NULL}", null.mean, n, null.low, null.high)
        yield Value(SUMMARY, kind.kernel, distance, n)
        yield Value(SUMMARY, f"{kind.kernel}{ERROR}", error, n)


def regions_beside_taken(pairs: Sequence[Pair], scheme: LabelScheme) -> list[str]:
    """Regions that are not in every pair just what is taken: of such a region *taken* says all there is to say."""
    return [
        region
        for region in REGIONS
        if any(pair.taken(scheme)[1:] != [frozenset(scheme.indices(region))] for pair in pairs)
    ]


def _giver(pair: Pair, scheme: LabelScheme, region: str) -> int:
    """Which reference gives a region, by its first label."""
    label = scheme.indices(region)[0]
    return next(k for k, labels in enumerate(pair.taken(scheme)) if label in labels)


def _value(item: str, metric: str, value: float, why_missing: str = "") -> Value:
    """A value with a note if it is infinite, or missing for a known reason."""
    note = why_missing if math.isnan(value) else IDENTICAL if math.isinf(value) else ""
    return Value(item, metric, value, note=note)
