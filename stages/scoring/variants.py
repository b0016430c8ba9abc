"""The same results measured in other ways: saved as JPEG, at another size, by another filter, under larger masks."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

from stages import registry
from stages.errors import UserError
from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.metrics import ImageMetric, View
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.judges import Judges
from stages.scoring.judging import Given
from stages.scoring.prepared import PreparedImage, Setup
from stages.scoring.protocols import score_kept, score_taken
from stages.scoring.sheets import Value
from stages.scoring.transfer_masks import Masks, transfer_masks

VIEWS: tuple[View, View] = ("kept", "taken")
SIZES = (256, 512, 1024)  # px
JPEG = 95  # quality, with Pillow's own halving of the colours' resolution
GROWN = (5, 10)  # px of a mask of MASK_SIZE
MASK_SIZE = 512
DEFAULT = "default"
FILTERS = {"Lanczos": Image.Resampling.LANCZOS}


class Variant(NamedTuple):
    """A way of measuring. Each but the default differs from it in one thing, the `axis`.

    `size`: px at which images are compared. `quality`: of the JPEG that a result is saved as first; None: as it is.
    `resampling`: the name of Pillow's filter that shrinks all images, rounded to 8 bits; None: means of whole blocks.
    `grown`: px of a mask of 512 px by which masks are larger.
    """

    name: str
    axis: str
    size: int
    quality: int | None = None
    resampling: str | None = None
    grown: int = 0


def variants(size: int, edge: int) -> list[Variant]:
    """The default at `size` px, then one change at a time; sizes above the images' `edge` are left out."""
    changed = [
        Variant(f"results as JPEG {JPEG}", "file", size, quality=JPEG),
        *(Variant(f"{other} px", "size", other) for other in SIZES if other != size and other <= edge),
        *(Variant(f"{name} filter", "filter", size, resampling=name) for name in FILTERS if size < edge),
        *(Variant(f"masks larger by {px} px", "masks", size, grown=px) for px in GROWN),
    ]
    return [Variant(DEFAULT, DEFAULT, size), *changed]


def as_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """An image, uint8 (H, W, 3), as it is after it was saved as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def shrunk(pixels: np.ndarray, size: int, resampling: str) -> np.ndarray:
    """An image, uint8 (H, W, 3), brought to (size, size, 3) by a filter of Pillow."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), FILTERS[resampling]))


def grown(mask: np.ndarray, px: int) -> np.ndarray:
    """A mask, bool (H, H), and all that is at most `px` of MASK_SIZE px away from it; an empty one stays empty."""
    if not px or not mask.any():
        return mask
    larger: np.ndarray = distance_transform_edt(~mask) <= px * len(mask) / MASK_SIZE
    return larger


def short(name: str) -> str:
    """The name of a metric without the size."""
    return name.partition("@")[0]


def known_metrics(setup: Setup) -> dict[str, tuple[View, str]]:
    """What can be measured so, by name without the size: its view, and its file in `stages/metrics`."""
    return {
        f"{view} {short(name)}": (view, entry)
        for entry, metric in registry.entries("metrics").items()
        if isinstance(metric, ImageMetric)
        for view in VIEWS
        if view in metric.views
        for name in metric.names(setup)
    }


def check_metrics(wanted: Sequence[str], setup: Setup) -> None:
    """Raises UserError unless all wanted metrics can be measured so."""
    known = known_metrics(setup)
    if wrong := [name for name in wanted if name not in known]:
        raise UserError(f"--metric {wrong[0]!r}: cannot be measured so; known are {', '.join(known)}")


class Benches:
    """What measures the wanted metrics at each size: a bench a view, with no more networks than it needs."""

    def __init__(self, judges: Judges, wanted: Sequence[str]) -> None:
        self.judges, self.wanted = judges, frozenset(wanted)
        self._known = known_metrics(judges.setup)
        self._benches: dict[tuple[int, View], Bench] = {}

    def at(self, size: int, view: View) -> Bench | None:
        """The bench of a view; None if none of its metrics is wanted."""
        entries = {entry for name, (own, entry) in self._known.items() if own == view and name in self.wanted}
        if not entries:
            return None
        if (size, view) not in self._benches:
            self._benches[size, view] = Bench(self._judges(size, view), [], entries)
        return self._benches[size, view]

    def _judges(self, size: int, view: View) -> Judges:
        nets = self.judges.perceptuals
        needed = {title: net for title, net in nets.items() if any(title in name for name in self._of(view))}
        return self.judges._replace(size=size, perceptuals=needed)

    def _of(self, view: View) -> list[str]:
        return [name for name in self.wanted if self._known[name][0] == view]


def score_variants(
    benches: Benches,
    pairs: Sequence[Pair],
    given: Given,
    composites: Mapping[str, Path],
    ways: Sequence[Variant],
) -> Iterator[tuple[Variant, str, list[Value]]]:
    """Yield, for every pair, variant and method, the values of the wanted metrics.

    Args:
        benches: what measures.
        pairs: those of which every method has a result that is no failure.
        given: what the results were made from.
        composites: folder of the composites by method.
        ways: how it is measured.
    """
    scheme = benches.judges.parser.scheme
    for pair in pairs:
        sources = [read_rgb(given.faces[image]) for image in pair.references]
        own = [read_label_map(given.maps / f"{image}.png", scheme) for image in pair.references]
        target = read_label_map(given.targets / f"{pair.pair}.png", scheme)
        masks = transfer_masks(pair, own, target, scheme)
        results = {method: read_rgb(folder / f"{pair.pair}.png") for method, folder in composites.items()}
        for way in ways:
            looked_at = Masks(grown(masks.kept, way.grown), [grown(mask, way.grown) for mask in masks.taken])
            measured = _Prepared(benches, way, sources)
            for method, pixels in results.items():
                found = list(measured.values(pair.pair, pixels, looked_at))
                yield way, method, [value for value in found if short(value.metric) in benches.wanted]


class _Prepared:
    """The sources of a pair, prepared for a variant once, and what measures a result against them."""

    def __init__(self, benches: Benches, way: Variant, sources: Sequence[np.ndarray]) -> None:
        self.way = way
        self._kept, self._taken = (benches.at(way.size, view) for view in VIEWS)
        self._plain = benches.judges._replace(size=way.size, perceptuals={})
        self._identity = self._kept and self._prepare(self._kept.judges, sources[0])
        self._others = [self._prepare(self._taken.judges, source) for source in sources[1:]] if self._taken else []

    def _prepare(self, judges: Judges, pixels: np.ndarray) -> PreparedImage:
        way = self.way
        if way.resampling is None:
            return judges.prepare(pixels)
        # What is measured at the native size is not shrunk, so it still sees all pixels.
        return judges.prepare(shrunk(pixels, way.size, way.resampling))._replace(pixels=pixels)

    def values(self, item: str, pixels: np.ndarray, masks: Masks) -> Iterator[Value]:
        """Yield the values of a result, uint8 (H, W, 3)."""
        if self.way.quality is not None:
            pixels = as_jpeg(pixels, self.way.quality)
        composite = self._prepare(self._plain, pixels)  # under a mask its features are computed anew
        if self._kept:
            yield from score_kept(self._kept, item, composite, cast("PreparedImage", self._identity), masks.kept)
        if self._taken:
            yield from score_taken(self._taken, item, composite, self._others, masks.taken)
