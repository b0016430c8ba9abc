"""What is measured of one item: its sheet. No item knows of another, so any of them can be measured anywhere."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stages.metrics import Case
from stages.nets.dlib_faces import detect_faces
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.expectations import Seen, expect, is_flat, seen_small
from stages.scoring.judges import Judges
from stages.scoring.prepared import PreparedImage
from stages.scoring.protocols import score_case, score_embedding
from stages.scoring.sheets import Sheet, of_expected, of_features, of_seen
from stages.scoring.transfer_masks import REGIONS


def see(pixels: np.ndarray) -> Seen:
    """An image, uint8 (H, H, 3), as the rules of failures see it."""
    return Seen(seen_small(pixels), hashlib.sha256(pixels.tobytes()).digest(), bool(detect_faces(pixels)))


def features_of(judges: Judges, image: PreparedImage) -> dict[str, np.ndarray]:
    """The features (d,) of a whole image, by the name of their kind, as arrays of a sheet."""
    return of_features({kind.name: kind.of(image) for kind in judges.features})


def of_image(judges: Judges, pixels: np.ndarray) -> Sheet:
    """The sheet of an image, uint8 (H, W, 3): what the sets and the rules need of it."""
    arrays, facts = of_seen(see(pixels))
    return Sheet([], arrays | features_of(judges, judges.prepare(pixels)), facts)


def of_embedding(bench: Bench, name: str, pixels: np.ndarray, face: np.ndarray) -> Sheet:
    """The sheet of the embedding of an image of some name against the image, both uint8 (H, W, 3)."""
    render = bench.judges.prepare(pixels)
    values = list(score_embedding(bench, name, render, bench.judges.prepare(face)))
    return Sheet(values, features_of(bench.judges, render), {})


def of_pair(
    pair: Pair, references: Sequence[np.ndarray], maps: Sequence[np.ndarray], target: np.ndarray, scheme: LabelScheme
) -> Sheet:
    """The sheet of a pair, whatever the method: what its sources show of a result.

    Args:
        pair: the pair.
        references: the images that give shape, uint8 (H, W, 3), in the pair's order.
        maps: their label maps (H, W).
        target: its target map (H, W).
        scheme: of the maps.
    """
    return of_expected(expect(pair, [seen_small(each) for each in references], maps, target, scheme), pair.references)


class Sources(NamedTuple):
    """What the composites of a pair are made from, ready to be compared with them.

    `images`: all images of the pair, in its order. `maps`: their label maps (H, W). `target`: its target map (H, W).
    """

    images: Sequence[PreparedImage]
    maps: Sequence[np.ndarray]
    target: np.ndarray


def of_composite(bench: Bench, pair: Pair, pixels: np.ndarray, sources: Sources) -> Sheet:
    """The sheet of a composite, uint8 (H, W, 3). One of a single colour is a failure, and nothing more is measured.

    All regions are measured: which of them are in the table depends on the other pairs.
    """
    seen = see(pixels)
    arrays, facts = of_seen(seen)
    if is_flat(seen.small):
        return Sheet([], arrays, facts)
    case = Case(pair, bench.judges.prepare(pixels), *sources)
    values = list(score_case(bench, case, REGIONS))
    return Sheet(values, arrays | features_of(bench.judges, case.composite), facts)
