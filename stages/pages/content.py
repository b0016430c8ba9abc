"""What the gallery's page is told beside numbers and pictures: names, sources, strata, failures, what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.engine.stage_records import ItemRecord
from stages.formats.label_maps import palette
from stages.pages.columns import Column, coded, deflated, packed
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.reporting.circular import Losses
from stages.reporting.names import code_name, method_name, styles
from stages.settings.manifests import Face
from stages.statistics.table import SUMMARY, rows
from stages.strata.classes import ORDER, PAIR_KINDS, UNKNOWN

OF = " of the "  # in the kinds of strata that a pair has from one of its images
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = 6  # of means and their intervals


class Shown(NamedTuple):
    """A method on the page: its name in the run, its code if it embeds, and whether its aligned codes are shown."""

    method: str
    code: str
    aligned: bool


class Embedded(NamedTuple):
    """A kind of code on the page: the folder of its reconstructions, and their values of the metric that ranks them."""

    folder: str
    values: Sequence[float]


class Content(NamedTuple):
    """Everything of a run that the page shows beside columns of numbers.

    faces, pairs: all of them. strata: as `stages.strata.classes.strata_of` gives them. failures: for each method the
    pairs whose result is a failure, with what was found. reasons: what was not made, in a line each, by image or by
    pair. missing: by folder of pictures the items that have none. rank: the metric by which embeddings are ranked.
    """

    faces: Sequence[Face]
    pairs: Sequence[Pair]
    methods: Sequence[Shown]
    columns: Sequence[Column]
    strata: pd.DataFrame
    failures: Sequence[Mapping[str, str]]
    reasons: tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]
    missing: Mapping[str, Sequence[str]]
    embedded: Sequence[Embedded]
    rank: tuple[str, str]
    summaries: pd.DataFrame
    losses: Losses
    scheme: LabelScheme
    start: tuple[str, str, Sequence[str]]


def letters(names: Sequence[str]) -> list[str]:
    """A letter for each name, of it if one is free, else any that is; empty when there are no more."""
    taken: list[str] = []
    for name in names:
        free = [letter for letter in [*name.lower(), *LETTERS] if letter in LETTERS and letter not in taken]
        taken.append(free[0] if free else "")
    return taken


def reasons_of(stages: Iterable[tuple[str, Sequence[ItemRecord]]]) -> dict[str, list[str]]:
    """What some stages could not make, in a line each, by item; `stages`: what a stage makes, and the items of it."""
    found: dict[str, list[str]] = {}
    for what, items in stages:
        for item in items:
            if item["status"] != "ok":
                found.setdefault(item["item"], []).append(f"{what}: {item['reason']}")
    return found


def index(content: Content) -> dict[str, object]:
    """The page's index, as JSON. Items are known by their numbers, and what most items share is said once."""
    image_numbers = {face.image: k for k, face in enumerate(content.faces)}
    pair_numbers = {pair.pair: k for k, pair in enumerate(content.pairs)}
    names = [shown.method for shown in content.methods]
    colours, keys = styles(names), letters(names)
    of_images, of_pairs = content.reasons
    rank_of, metric, main = content.start
    metrics = [column.metric for column in content.columns]
    return {
        "methods": [
            {
                "id": shown.method, "name": method_name(shown.method), "key": key, "colour": colours[shown.method][0],
                "code": shown.code, "aligned": shown.aligned,
            }
            for shown, key in zip(content.methods, keys, strict=True)
        ],
        "metrics": [
            {
                "name": column.metric, "shown": content.losses.marked(column.metric), "better": column.direction,
                "means": _means(content.summaries, column.metric, names),
            }
            for column in content.columns
        ],
        "marks": content.losses.note(metrics),
        "start": {"of": rank_of, "sort": metric, "main": list(main)},
        "images": [[face.image, face.original if face.original != face.image else ""] for face in content.faces],
        "pairs": [[pair.pair, *(image_numbers[image] for image in pair.images)] for pair in content.pairs],
        "gives": _gives(content.pairs),
        "strata": _strata(content.strata, pair_numbers),
        "failures": [{pair_numbers[pair]: note for pair, note in each.items()} for each in content.failures],
        "reasons": {
            "images": {image_numbers[name]: lines for name, lines in of_images.items() if name in image_numbers},
            "pairs": {pair_numbers[name]: lines for name, lines in of_pairs.items() if name in pair_numbers},
        },
        "missing": {folder: list(items) for folder, items in content.missing.items() if items},
        "embedded": [
            {
                "id": each.folder, "name": code_name(each.folder),
                "values": packed(np.array(each.values, float)) if len(each.values) else None,
            }
            for each in content.embedded
        ],
        "rank": {"name": content.rank[0], "better": content.rank[1]},
        "labels": [
            [label.replace("_", " "), "#" + "".join(f"{channel:02x}" for channel in colour)]
            for label, colour in zip(content.scheme.labels, palette(len(content.scheme)), strict=True)
        ],
    }  # fmt: skip


def _means(summaries: pd.DataFrame, metric: str, methods: Sequence[str]) -> list[list[float | None] | None]:
    """For each method the mean of a metric, the ends of its interval, and the number of items; None for what is not."""
    of_metric = summaries[(summaries["metric"] == metric) & (summaries["item"] == SUMMARY)]
    found = {row.method: [_rounded(v) for v in (row.value, row.low, row.high)] + [row.n] for row in rows(of_metric)}
    return [found.get(method) for method in methods]


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


def _gives(pairs: Sequence[Pair]) -> dict[str, object]:
    """What each image of a pair gives, and how many of them give shape, as coded texts: `2|,hair`."""
    texts = []
    for pair in pairs:
        given = [
            " and ".join(column.replace("_", " ") for column, giver in pair.columns.items() if giver == image)
            for image in pair.images
        ]
        texts.append(f"{len(pair.references)}|{','.join(given)}")
    return coded(texts)


def _strata(strata: pd.DataFrame, pairs: Mapping[str, int]) -> list[dict[str, object]]:
    """Each kind of strata that divides the pairs: its strata in their order, and the number of that of each pair."""
    found: list[dict[str, object]] = []
    of_pairs = strata[strata["item"].isin(pairs.keys())]
    for kind, of_kind in of_pairs.groupby("kind", sort=False):
        if kind not in PAIR_KINDS and OF not in str(kind):
            continue  # of an image that is called as a pair
        order = [*ORDER[str(kind).split(OF)[0]], UNKNOWN]
        seen = set(of_kind["stratum"])
        values = [stratum for stratum in order if stratum in seen] + sorted(seen - set(order))
        numbers = np.zeros(len(pairs), "<u1")
        for item, stratum in zip(of_kind["item"], of_kind["stratum"], strict=True):
            numbers[pairs[item]] = values.index(stratum)
        found.append(
            {"kind": kind, "title": str(kind).replace("_", " "), "t": values, "v": deflated(numbers.tobytes(), 1)}
        )
    return found
