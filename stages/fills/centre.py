"""The simplest fill: the first label on the straight way from a hole to the middle of the image. It knows no layers."""

import numpy as np

from stages.fills import Fill
from stages.regions.labels import LabelScheme
from stages.regions.layers import is_one_of


def fill_from_centre(labels: np.ndarray, holes: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """Fill each hole with the first label on the straight way from it to the image's middle.

    Only known pixels count, and of those only labels behind the head or that may spread: hair and the parts of
    the face are walked over. A hole that meets nothing becomes background. This is the simplest fill, and it knows
    no layers: beyond the new hair it puts whatever lies on the line to the middle, which mostly is skin, and into
    a hole at the middle itself, such as a missing nose, background.

    The way takes one pixel a step along its longer axis; a point half-way between two pixels goes to the outer
    one, so that a mirrored map gives a mirrored target. Arguments and result: see `HoleFill`.
    """
    counts = is_one_of(labels, scheme.behind_indices + scheme.spread_indices) & ~holes
    filled = np.full(labels.shape, scheme["background"], np.uint8)
    rows, columns = np.nonzero(holes)
    if not counts.any() or not rows.size:
        return filled
    # Offsets from the middle in half pixels, so that they are whole numbers for odd and even sizes.
    height, width = labels.shape
    down, right = 2 * rows - (height - 1), 2 * columns - (width - 1)
    length = np.maximum(np.abs(down), np.abs(right))
    for step in range(2, int(length.max()) + 1, 2):
        on_way = step <= length
        rows, columns, down, right, length = (a[on_way] for a in (rows, columns, down, right, length))
        share = 1 - step / length
        y, x = _pixel(down, share, height), _pixel(right, share, width)
        met = counts[y, x]
        filled[rows[met], columns[met]] = labels[y[met], x[met]]
        length[met] = 0  # arrived
    return filled


def _pixel(offset: np.ndarray, share: np.ndarray, size: int) -> np.ndarray:
    """Index, on an axis of `size` pixels, of the pixel nearest to `share` of `offset` half pixels from the middle.

    Of two equally near it is the one on the side of `offset`, away from the middle.
    """
    half = (size - 1) % 2  # the pixels of an even size lie at odd offsets
    outward = 2 * np.floor((np.abs(offset) * share - half) / 2 + 0.5) + half
    index: np.ndarray = ((size - 1 + np.where(offset < 0, -outward, outward)) / 2).astype(np.intp)
    return index


ENTRY = Fill(source="of this project, as what costs nothing", fill=fill_from_centre)
