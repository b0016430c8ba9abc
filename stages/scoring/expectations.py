"""What a pair's sources show of its result, and how well any image fits what any pair asks for, at a small size.

Fit is measured by slopes, the differences of neighbouring pixels: a method may shift colours and brightness, and the
edges stay. The misfit of an image is 1 less the correlation of its slopes with the expected ones, over the pixels that
some source shows: 0 for the same edges, about 1 for unrelated ones. Over all images and all pairs it is three products
of matrices.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.pixels import resize, resize_mask
from stages.scoring.transfer_masks import giver_of, transfer_masks

SIZE = 32  # px: 3,000 pairs against each other take seconds; JPEG and a shift of a few pixels of 1024 hardly count
WHOLE = 0.99  # share of a pixel that must be shown before its slopes count
LITTLE = 0.01  # share of an image: less is the border of a region


class Expected(NamedTuple):
    """What a pair's sources show of its result.

    `pixels`: float64 (SIZE, SIZE, 3) in [0, 1], 0 where nothing is shown. `weights`: (SIZE, SIZE) in [0, 1], the share
    of each pixel that is shown. `pure`: where one source alone shows the whole pixel: bool (SIZE, SIZE). `unseen`:
    whether the pair asks for a change and no source shows any of it: another look, or hair that goes. `giver`: the
    image that gives the face.
    """

    pixels: np.ndarray
    weights: np.ndarray
    pure: np.ndarray
    unseen: bool
    giver: str

    @property
    def counts(self) -> np.ndarray:
        """Where slopes count: bool (SIZE - 1, SIZE - 1)."""
        whole = self.weights >= WHOLE
        both: np.ndarray = whole[:-1, :-1] & whole[:-1, 1:] & whole[1:, :-1]
        return both

    @property
    def shown(self) -> float:
        """The share of the image where slopes count."""
        return float(self.counts.mean())


def seen_small(pixels: np.ndarray) -> np.ndarray:
    """An image, uint8 (H, H, 3), as it is compared here: float64 (SIZE, SIZE, 3) in [0, 1]; SIZE divides H."""
    return resize(pixels, SIZE)


def slopes(small: np.ndarray) -> np.ndarray:
    """Differences of neighbouring pixels, across and down, of an image (SIZE, SIZE, 3): (SIZE - 1, SIZE - 1, 6)."""
    corner = small[:-1, :-1]
    return np.concatenate([small[:-1, 1:] - corner, small[1:, :-1] - corner], axis=-1)


def expect(
    pair: Pair, small: Sequence[np.ndarray], maps: Sequence[np.ndarray], target: np.ndarray, scheme: LabelScheme
) -> Expected:
    """What the sources of a pair show.

    Args:
        pair: the pair.
        small: its references as `seen_small` gives them, in the pair's order.
        maps: their label maps (H, W).
        target: its target map (H, W).
        scheme: of the maps.
    """
    masks = transfer_masks(pair, maps, target, scheme)
    shares = [resize_mask(mask.astype(float), SIZE) for mask in (masks.kept, *masks.taken)]
    weights = np.sum(shares, axis=0)
    total = np.sum([share[..., None] * image for share, image in zip(shares, small, strict=True)], axis=0)
    pixels = np.divide(total, weights[..., None], out=np.zeros_like(total), where=weights[..., None] > 0)
    asked = bool(pair.painted(scheme)) or float((target != maps[0]).mean()) > LITTLE
    unseen = asked and sum(float(share.mean()) for share in shares[1:]) < LITTLE
    return Expected(
        pixels, weights, np.max(shares, axis=0) >= WHOLE, unseen, pair.references[giver_of(pair, scheme, "face")]
    )


def misfits(images: np.ndarray, expected: Sequence[Expected]) -> np.ndarray:
    """The misfit of each of m images (m, SIZE, SIZE, 3) with each of n expectations: (m, n) in [0, 2].

    It is nan where an expectation or the image has no slopes to compare.
    """
    counts = np.repeat([each.counts.ravel() for each in expected], 6, axis=1).astype(float)
    wanted = np.stack([slopes(each.pixels).ravel() for each in expected]) * counts
    own = np.stack([slopes(image).ravel() for image in images])
    lengths = np.sqrt((np.square(own) @ counts.T) * np.square(wanted).sum(1))
    together = own @ wanted.T
    found: np.ndarray = 1 - np.divide(together, lengths, out=np.full_like(together, np.nan), where=lengths > 0)
    return found


def misfit(image: np.ndarray, expected: Expected, other: np.ndarray | None = None) -> float:
    """The misfit of an image with an expectation, or with another image where the expectation counts."""
    wanted = expected if other is None else expected._replace(pixels=other)
    return float(misfits(image[None], [wanted])[0, 0])


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference of two images (SIZE, SIZE, 3)."""
    return float(np.sqrt(np.square(a - b).mean()))
