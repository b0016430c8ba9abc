"""Which items share images. Such items are not independent: an image that is hard is hard in each pair that has it."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SEPARATOR = "/"  # between the names of images, which are names of files


def joined(images: Iterable[str]) -> str:
    """The images of an item as one text, as the table holds it."""
    return SEPARATOR.join(images)


def incidence(images: Sequence[str]) -> "csr_array":
    """Which item has which image: 0 or 1, (items, images), of texts that `joined` made."""
    return _incidence(tuple(images))


@lru_cache(maxsize=16)  # all metrics of a protocol have the same items
def _incidence(images: tuple[str, ...]) -> "csr_array":
    from scipy.sparse import csr_array  # slow, and metrics are read at planning

    known: dict[str, int] = {}
    rows, columns = [], []
    for item, text in enumerate(images):
        for image in dict.fromkeys(text.split(SEPARATOR)):
            rows.append(item)
            columns.append(known.setdefault(image, len(known)))
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(images), len(known)))
