"""How well any image fits what any pair asks for, at a small size.

Fit is measured by slopes, the differences of neighbouring pixels: a method may shift colours and brightness, and the
edges stay. The misfit of an image is 1 less the correlation of its slopes with the expected ones, over the pixels that
some source shows: 0 for the same edges, about 1 for unrelated ones. Over all images and all pairs it is three products
of matrices.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stages.scoring.expectations import Expected, slopes


def misfits(images: np.ndarray, expected: Sequence[Expected], dtype: type[np.floating] = np.float64) -> np.ndarray:
    """The misfit of each of m images (m, SIZE, SIZE, 3) with each of n expectations: (m, n) in [0, 2].

    It is nan where an expectation or the image has no slopes to compare. `dtype`: of the products, which cost most.
    """
    counts = np.stack([each.counts.ravel() for each in expected], dtype=dtype)
    wanted = np.stack([each.slopes for each in expected], dtype=dtype, casting="same_kind")
    own = np.stack([slopes(image).ravel() for image in images], dtype=dtype, casting="same_kind")
    # Of a pixel all six slopes count or none does, so their squares are added first.
    squares = np.square(own).reshape(len(own), counts.shape[1], -1).sum(-1)
    return _one_less(own @ wanted.T, (squares @ counts.T) * np.square(wanted).sum(1))


def own_misfits(images: Sequence[np.ndarray], expected: Sequence[Expected]) -> np.ndarray:
    """The misfit of each image with the expectation of the same place: (m,)."""
    found = np.empty(len(expected))
    for k, (image, each) in enumerate(zip(images, expected, strict=True)):
        own, wanted = (slopes(image) * each.counts[..., None]).ravel(), each.slopes
        found[k] = _one_less(own @ wanted, (own @ own) * (wanted @ wanted))
    return found


def _one_less(together: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """1 less the products of slopes over the roots of the products of their squares; nan where there are none."""
    together, lengths = np.asarray(together), np.sqrt(squares)
    found: np.ndarray = 1 - np.divide(together, lengths, out=np.full_like(together, np.nan), where=lengths > 0)
    return found


def misfit(image: np.ndarray, expected: Expected, other: np.ndarray | None = None) -> float:
    """The misfit of an image with an expectation, or with another image where the expectation counts."""
    wanted = expected if other is None else replace(expected, pixels=other)
    return float(own_misfits([image], [wanted])[0])


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference of two images (SIZE, SIZE, 3)."""
    return float(np.sqrt(np.square(a - b).mean()))
