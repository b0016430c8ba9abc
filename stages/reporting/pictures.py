"""Figures of images: rows of faces, label maps, composites and error maps."""

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import Image

from stages.formats.files import is_failed
from stages.formats.images import read_rgb
from stages.formats.label_maps import palette, read_label_map
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.reporting.error_maps import ERRORS, LARGEST_ERROR, error_map, transfer_error
from stages.reporting.names import code_name, method_name

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.figure import Figure

THUMBNAIL = 256  # px


class Cell(NamedTuple):
    """An image, uint8 (H, W, 3), or None if there is none because it failed; and what stands below it."""

    image: np.ndarray | None
    caption: str = ""


BLANK = Cell(np.full((2, 2, 3), 255, np.uint8))
Row = tuple[str, Sequence[Cell]]


def png(figure: Figure) -> bytes:
    """The figure as PNG, the same bytes every time on one machine; closes it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return buffer.getvalue()


def grid(rows: Sequence[Row], titles: Sequence[str], *, scale: bool = False) -> bytes:
    """PNG of labelled rows of square images; what failed says so. `scale`: with the colour scale of error maps."""
    height, width = max(1, len(rows)), len(titles)
    captions = any(cell.caption for _, cells in rows for cell in cells)
    above = 0.3 + 0.2 * any("\n" in title for title in titles)
    size = 2 * width + 0.5 + 1.3 * scale, (2.2 if captions else 2.04) * height + above
    figure, axes = pyplot.subplots(height, width, figsize=size, squeeze=False, layout="constrained")
    larger = max(1, width / 7)  # a page shows every figure at one width: many columns need larger letters
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    for (label, cells), line in zip(rows, axes, strict=False):
        # A row is 2 inches high, and a letter about half as wide as it is high.
        points = 8 * min(larger, 1.5)
        label = "\n".join(textwrap.fill(part, int(2 * 72 / (0.5 * points))) for part in label.split("\n"))
        line[0].set_ylabel(label, fontsize=points)
        for cell, axis in zip(cells, line, strict=True):
            axis.set_xlabel(cell.caption, fontsize=7 * larger, labelpad=2)
            if cell.image is None:
                axis.text(0.5, 0.5, "failed", ha="center", va="center", transform=axis.transAxes)
            else:
                axis.imshow(cell.image)
            if cell is BLANK:
                axis.axis("off")
    if not rows:
        axes[0, 0].text(0.5, 0.5, "nothing to show", ha="center", va="center", transform=axes[0, 0].transAxes)
    for title, axis in zip(titles, axes[0], strict=True):
        axis.set_title(title, fontsize=9 * larger)
    if scale:
        shades = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(0, LARGEST_ERROR), ERRORS)
        bar = figure.colorbar(
            shades, ax=axes, fraction=0.04, aspect=20, extend="max", pad=0.01, shrink=min(1, 2 / height), anchor=(0, 1)
        )
        # Short lines: a figure of one row is no higher than they are long.
        bar.set_label("mean absolute error of\nR, G, B in [0, 1]; grey:\nno image shows what\nshould be there", size=8)
        bar.ax.tick_params(labelsize=7)
    return png(figure)


def _thumbnail(path: Path) -> np.ndarray | None:
    return None if is_failed(path) else _reduced(path)


def _reduced(path: Path) -> np.ndarray:
    return np.asarray(Image.fromarray(read_rgb(path)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))


def _coloured_map(path: Path, scheme: LabelScheme) -> np.ndarray | None:
    if is_failed(path):
        return None
    colours: np.ndarray = palette(len(scheme))[read_label_map(path, scheme)][::2, ::2]
    return colours


def _transfer_error(pair: Pair, composite: Path, data: Path, scheme: LabelScheme) -> np.ndarray | None:
    """Error map of a composite; None if it, or something that it is made of, failed."""
    files = [data / "maps" / f"{image}.png" for image in pair.references] + [data / "targets" / f"{pair.pair}.png"]
    if any(map(is_failed, [composite, *files])):
        return None
    *own, target = (read_label_map(path, scheme) for path in files)
    sources = [read_rgb(data / "faces" / f"{image}.png") for image in pair.references]
    return transfer_error(pair, read_rgb(composite), sources, own, target, scheme, THUMBNAIL)


def _sources(
    pairs: Sequence[Pair], faces: Path, targets: Path, scheme: LabelScheme
) -> tuple[list[str], list[list[Cell]]]:  # fmt: skip
    """Titles and, for each pair, cells: identity | references | target map. They say what a reference gives."""
    count = max((len(pair.images) for pair in pairs), default=2)
    gives = [
        [
            ", ".join(column.replace("_", " ") for column, giver in pair.columns.items() if giver == image)
            for image in pair.images
        ]
        for pair in pairs
    ]
    alike = len(set(map(tuple, gives))) == 1 and not gives[0][0]
    rows = []
    for pair, given in zip(pairs, gives, strict=True):
        photos = [_thumbnail(faces / f"{image}.png") for image in pair.images]
        cells = [Cell(photo, "" if alike else caption) for photo, caption in zip(photos, given, strict=True)]
        cells += [BLANK] * (count - len(cells))
        rows.append([*cells, Cell(_coloured_map(targets / f"{pair.pair}.png", scheme))])
    references = gives[0][1:] if alike else [f"reference {k}" for k in range(1, count)]
    return ["identity", *references, "target map"], rows


def transfer_figure(
    rows: Sequence[tuple[str, Pair]], methods: Sequence[str], data: Path, scheme: LabelScheme
) -> bytes:  # fmt: skip
    """Labelled rows identity | references | target map | composite of every method, in the order given.

    `data` has faces, targets and composites/METHOD in the layout of the pipeline; the pairs may take any regions.
    """
    titles, sources = _sources([pair for _, pair in rows], data / "faces", data / "targets", scheme)
    composites = [
        [Cell(_thumbnail(data / "composites" / method / f"{pair.pair}.png")) for method in methods] for _, pair in rows
    ]
    cells = [[*left, *right] for left, right in zip(sources, composites, strict=True)]
    labels = [label for label, _ in rows]
    return grid(list(zip(labels, cells, strict=True)), [*titles, *map(method_name, methods)])


def examples_figure(pairs: Sequence[Pair], method: str, data: Path, scheme: LabelScheme) -> bytes:
    """Rows identity | references | target map | composite, named after the pairs, of folder `examples` of `data`."""
    folder = data / "examples"
    titles, sources = _sources(pairs, data / "faces", folder / "targets", scheme)
    rows = [
        (pair.pair.replace("_", " "), [*cells, Cell(_thumbnail(folder / "composites" / f"{pair.pair}.png"))])
        for pair, cells in zip(pairs, sources, strict=True)
    ]
    return grid(rows, [*titles, method_name(method)])


def errors_figure(
    rows: Sequence[tuple[str, Pair]], method: str, methods: Sequence[str], data: Path, scheme: LabelScheme
) -> bytes:
    """Labelled rows identity | references | target map | composite of `method` | its error map | those of the others.

    An error map compares with the image that a pixel is taken from, where that image itself shows it.
    """
    ordered = [method, *(other for other in methods if other != method)]
    titles, sources = _sources([pair for _, pair in rows], data / "faces", data / "targets", scheme)
    lines = []
    for (label, pair), cells in zip(rows, sources, strict=True):
        paths = [data / "composites" / each / f"{pair.pair}.png" for each in ordered]
        errors = [Cell(_transfer_error(pair, path, data, scheme)) for path in paths]
        lines.append((label, [*cells, Cell(_thumbnail(paths[0])), *errors]))
    titles += [method_name(method), *(f"error of\n{method_name(each)}" for each in ordered)]
    return grid(lines, titles, scale=True)


def reconstruction_figure(rows: Sequence[tuple[str, str]], codes: Sequence[str], data: Path) -> bytes:
    """Labelled rows image | its embedding in every code | their error maps."""
    lines = []
    for label, image in rows:
        face = _thumbnail(data / "faces" / f"{image}.png")
        embedded = [_thumbnail(data / "reconstructions" / code / f"{image}.png") for code in codes]
        everywhere = np.ones((THUMBNAIL, THUMBNAIL), bool)
        errors = [None if face is None or e is None else error_map(e, face, everywhere) for e in embedded]
        lines.append((label, [Cell(cell) for cell in (face, *embedded, *errors)]))
    names = [code_name(code) for code in codes]
    return grid(lines, ["image", *names, *(f"error of\n{name}" for name in names)], scale=True)
