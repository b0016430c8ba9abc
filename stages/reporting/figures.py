"""Figures of the report: rows of images with matplotlib."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from stages.files import is_failed, palette, read_label_map, read_rgb
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair

matplotlib.use("Agg")
from matplotlib import pyplot

THUMBNAIL = 256  # px
Row = Sequence[np.ndarray | None]


def grid(rows: Sequence[tuple[str, Row]], titles: Sequence[str]) -> bytes:
    """PNG of labelled rows of square images; None is drawn as an empty cell that says so."""
    height, width = len(rows), len(titles)
    figure, axes = pyplot.subplots(
        height, width, figsize=(2 * width, 2 * height + 0.3), squeeze=False, layout="constrained"
    )
    for (label, cells), line in zip(rows, axes, strict=True):
        line[0].set_ylabel(label, fontsize=8)
        for cell, axis in zip(cells, line, strict=True):
            axis.set(xticks=[], yticks=[])
            if cell is None:
                axis.text(0.5, 0.5, "failed", ha="center", va="center", transform=axis.transAxes)
            else:
                axis.imshow(cell)
    for title, axis in zip(titles, axes[0], strict=True):
        axis.set_title(title, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return buffer.getvalue()


def _thumbnail(path: Path) -> np.ndarray | None:
    if is_failed(path):
        return None
    return np.asarray(Image.fromarray(read_rgb(path)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))


def _coloured_map(path: Path, scheme: LabelScheme) -> np.ndarray | None:
    if is_failed(path):
        return None
    return palette(len(scheme))[read_label_map(path, scheme)][::2, ::2]


def transfer_figure(
    pairs: Sequence[Pair], methods: Sequence[str], data: Path, scheme: LabelScheme, method_name: Callable[[str], str]
) -> bytes:
    """Rows identity | references | target map | composite of every method, the method of the paper last."""
    ordered = sorted(methods, key=lambda method: method == "barbershop")
    count = max(len(pair.references) for pair in pairs)
    others = list(dict.fromkeys(region for pair in pairs for region in pair.regions)) if count == 2 else []
    reference_titles = ["/".join(others)] if count == 2 else [f"reference {k}" for k in range(1, count)]
    rows: list[tuple[str, Row]] = []
    for pair in pairs:
        references = [_thumbnail(data / "faces" / f"{image}.png") for image in pair.references]
        blank = np.full((THUMBNAIL, THUMBNAIL, 3), 255, np.uint8)
        cells = references + [blank] * (count - len(references))
        cells += [_coloured_map(data / "targets" / f"{pair.pair}.png", scheme)]
        cells += [_thumbnail(data / "composites" / method / f"{pair.pair}.png") for method in ordered]
        rows.append((pair.pair, cells))
    return grid(rows, ["identity", *reference_titles, "target map", *map(method_name, ordered)])


def reconstruction_figure(images: Sequence[str], data: Path) -> bytes:
    """Rows image | W+ | FS."""
    rows: list[tuple[str, Row]] = [
        (
            image,
            [_thumbnail(data / "faces" / f"{image}.png")]
            + [_thumbnail(data / "reconstructions" / code / f"{image}.png") for code in ("w", "fs")],
        )
        for image in images
    ]
    return grid(rows, ["image", "W+", "FS"])
