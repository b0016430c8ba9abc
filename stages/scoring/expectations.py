"""What the rules of failures look at: an image at a small size, and what a pair's sources show of its result.

It is measured item by item, and the rules come later (`stages.scoring.failures`). No torch here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.pixels import resize, resize_mask
from stages.scoring.transfer_masks import giver_of, transfer_masks

SIZE = 32  # px: 3,000 pairs against each other take seconds; JPEG and a shift of a few pixels of 1024 hardly count
WHOLE = 0.99  # share of a pixel that must be shown before its slopes count
LITTLE = 0.01  # share of an image: less is the border of a region
FLAT = 2 / 255  # spread of each channel's pixels, of an image that has one colour


class Seen(NamedTuple):
    """An image as the rules see it: (SIZE, SIZE, 3) in [0, 1], a digest of its pixels, whether dlib finds a face."""

    small: np.ndarray
    digest: bytes
    has_face: bool


@dataclass(frozen=True)
class Expected:
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

    @cached_property
    def counts(self) -> np.ndarray:
        """Where slopes count: bool (SIZE - 1, SIZE - 1)."""
        whole = self.weights >= WHOLE
        both: np.ndarray = whole[:-1, :-1] & whole[:-1, 1:] & whole[1:, :-1]
        return both

    @property
    def shown(self) -> float:
        """The share of the image where slopes count."""
        return float(self.counts.mean())

    @cached_property
    def slopes(self) -> np.ndarray:
        """The slopes of `pixels` as one vector, 0 where they do not count."""
        found: np.ndarray = (slopes(self.pixels) * self.counts[..., None]).ravel()
        return found


def slopes(small: np.ndarray) -> np.ndarray:
    """Differences of neighbouring pixels, across and down, of an image (SIZE, SIZE, 3): (SIZE - 1, SIZE - 1, 6)."""
    corner = small[:-1, :-1]
    return np.concatenate([small[:-1, 1:] - corner, small[1:, :-1] - corner], axis=-1)


def seen_small(pixels: np.ndarray) -> np.ndarray:
    """An image, uint8 (H, H, 3), as it is compared here: float64 (SIZE, SIZE, 3) in [0, 1]; SIZE divides H."""
    return resize(pixels, SIZE)


def is_flat(small: np.ndarray) -> bool:
    """Whether an image (h, w, 3) in [0, 1] has one colour, black for instance."""
    return bool(small.std((0, 1)).max() < FLAT)


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
