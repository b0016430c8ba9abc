"""A reference: the whole table in one process, image by image and pair by pair, with nothing stored in between.

That is how the stage `score` worked before items were measured one by one.
"""

import numpy as np

from stages import registry
from stages.formats.files import is_failed
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.metrics import Case, SetMetric
from stages.scoring.bench import Bench
from stages.scoring.expectations import expect
from stages.scoring.failures import Failure, judge
from stages.scoring.measuring import see
from stages.scoring.protocols import score_case, score_embedding
from stages.scoring.sheets import Value
from stages.scoring.transfer_masks import regions_beside_taken
from stages.statistics.images import joined
from stages.statistics.names import FAILURE


def table(data, judges, names, pairs, embeddings, methods, reasons, options):
    """Rows (protocol, method, Value, images) of embeddings by folder, and of composites by method."""
    faces = {name: data / "faces" / f"{name}.png" for name in names}
    yield from reconstruction(data, judges, faces, embeddings, options)
    yield from transfer(data, judges, pairs, faces, methods, reasons, options)


def reconstruction(data, judges, faces, folders, options):
    bench = Bench(judges, [])
    for folder in folders:
        x, y, seen = [], [], []
        for name, path in faces.items():
            render = data / "reconstructions" / folder / f"{name}.png"
            if is_failed(path) or is_failed(render):
                continue
            a, b = judges.prepare(read_rgb(render)), judges.prepare(read_rgb(path))
            for value in score_embedding(bench, name, a, b):
                yield "reconstruction", folder, value, name
            x.append([kind.of(b) for kind in judges.features])
            y.append([kind.of(a) for kind in judges.features])
            seen.append(name)
        for value in sets(judges, x, y, seen, seen, options):
            yield "reconstruction", folder, value, ""


def transfer(data, judges, pairs, faces, methods, reasons, options):
    scheme, bench = judges.parser.scheme, Bench(judges, pairs)
    regions = regions_beside_taken(pairs, scheme)
    images, expected, unjudged, read = {}, {}, {}, {}
    for k, pair in enumerate(pairs):
        files = [f for n in pair.images for f in (faces[n], data / "maps" / f"{n}.png")]
        if failed := [f for f in [*files, data / "targets" / f"{pair.pair}.png"] if is_failed(f)]:
            unjudged[pair.pair] = f"not judged: {failed[0]} is empty, it failed before"
            continue
        pixels = [read_rgb(faces[name]) for name in pair.images]
        images |= {name: see(image) for name, image in zip(pair.images, pixels, strict=True)}
        maps = [read_label_map(data / "maps" / f"{name}.png", scheme) for name in pair.images]
        target = read_label_map(data / "targets" / f"{pair.pair}.png", scheme)
        count = len(pair.references)
        small = [images[name].small for name in pair.references]
        expected[k] = expect(pair, small, maps[:count], target, scheme)
        read[k] = pixels, maps, target
    for method in methods:
        paths = {k: data / "composites" / method / f"{pair.pair}.png" for k, pair in enumerate(pairs)}
        gone = {k: Failure(*reasons[method][pairs[k].pair]) for k, path in paths.items() if is_failed(path)}
        results = {k: see(read_rgb(path)) for k, path in paths.items() if k in expected and k not in gone}
        failures = gone | judge(pairs, results, expected, images)
        used, y, made_of = {}, [], []
        for k in (k for k in results if k not in failures):
            pixels, maps, target = read[k]
            sources = [judges.prepare(image) for image in pixels]
            composite = judges.prepare(read_rgb(paths[k]))
            for value in score_case(bench, Case(pairs[k], composite, sources, maps, target), regions):
                yield "transfer", method, value, joined(pairs[k].images)
            for name, source in zip(pairs[k].images, sources, strict=True):
                used.setdefault(name, [kind.of(source) for kind in judges.features])
            y.append([kind.of(composite) for kind in judges.features])
            made_of.append(joined(pairs[k].images))
        for value in sets(judges, list(used.values()), y, list(used), made_of, options):
            yield "transfer", method, value, ""
        for k, pair in enumerate(pairs):
            note = failures[k].note if k in failures else unjudged.get(pair.pair, "")
            value = Value(pair.pair, FAILURE, float(k in failures), "lower", note=note)
            yield "transfer", method, value, joined(pair.images)


def sets(judges, x, y, images_x, images_y, options):
    if min(len(x), len(y)) < 2:
        return
    metrics = [metric for metric in registry.entries("metrics").values() if isinstance(metric, SetMetric)]
    for k, kind in enumerate(judges.features):
        a, b = (np.stack([each[k] for each in features]) for features in (x, y))
        for metric in (each for each in metrics if each.on(kind.name)):
            for part in metric.measure(a, b, images_x=images_x, images_y=images_y, **options):
                name = f"{metric.title(kind.name)}{part.suffix}"
                yield Value("*", name, part.value, metric.direction, len(y), part.low, part.high, part.note)
