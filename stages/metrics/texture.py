"""Texture at the images' own size: how far it is from the photo's, and whether there is too much or too little of it.

Three figures, each 0 for equal images. What 256 px cannot hold is all that they look at, or nearly so.

- distance: the Fréchet distance between the Gaussians of local descriptors of the photo and of the result, as of single
  images in SinGAN (Shaham, Dekel and Michaeli, ICCV 2019), here of four numbers a cell instead of Inception's: energy
  and order of the gradients at two scales. Order is the coherence of the structure tensor: strands that run side by
  side have it, a tangle of them has not. Directions do not count: hair may lie another way.
- excess, lack: of the band above the Nyquist frequency of 256 px, by how many dB a cell has more energy, or less, than
  the same place of the photo. Means of the positive and of the negative parts, so that grain on the skin does not make
  up for hair that is smooth. Blur is lack, noise and hatching are excess.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.formats.images import FACE_SIZE
from stages.metrics import ImageMetric
from stages.metrics._shrunk import shrunk
from stages.metrics.frechet import frechet
from stages.metrics.tiles import at_native_size
from stages.scoring.prepared import Comparison, Setup

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
FLAT = (1 / 255) ** 2  # energy of one grey level: what is less than that is seen as flat
CELL = 16  # px of a descriptor's cell
PLACE = 32  # px of a cell whose energy is compared with that of the same place
LEAST = 0.25  # share of such a cell that must lie in the region
FEWEST = 20  # cells of descriptors; of fewer a covariance of four numbers says nothing
REACH = 12  # px that a descriptor sees beyond its pixel
BINOMIAL = 4  # times [1, 2, 1] / 4: halves what has 1/8 of a cycle a pixel, the Nyquist frequency of 256 px at 1024 px


def smoothed(image: np.ndarray, times: int) -> np.ndarray:
    """An image (H, W) under the binomial filter [1, 2, 1] / 4 in both directions, a number of times."""
    for _ in range(times):
        p = np.pad(image, ((1, 1), (0, 0)), "reflect")
        p = np.pad((p[:-2] + 2 * p[1:-1] + p[2:]) / 4, ((0, 0), (1, 1)), "reflect")
        image = (p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]) / 4
    return image


def cells(image: np.ndarray, size: int) -> np.ndarray:
    """Means of an image (H, W) over cells of some px; (H // size, W // size)."""
    height, width = (edge // size for edge in image.shape)
    means: np.ndarray = image.reshape(height, size, width, size).mean((1, 3))
    return means


def luma(pixels: np.ndarray) -> np.ndarray:
    """Brightness in [0, 1], float32 (H, W), of an image, uint8 (H, W, 3)."""
    brightness: np.ndarray = pixels.astype(np.float32) @ (LUMA / 255)
    return brightness


def fine(brightness: np.ndarray) -> np.ndarray:
    """What a brightness (H, W) has above the Nyquist frequency of 256 px, if it has 1024 px."""
    band: np.ndarray = brightness - smoothed(brightness, BINOMIAL)
    return band


def descriptors(pixels: np.ndarray) -> np.ndarray:
    """Energy and order of an image, uint8 (H, W, 3), at its own scale and at half of it; (H // CELL, W // CELL, 4)."""
    own = luma(pixels)
    half = cells(own, 2)
    return np.stack([*_energy_and_order(own, CELL), *_energy_and_order(half, CELL // 2)], -1)


def _energy_and_order(brightness: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Natural logarithm of the fine energy of each cell; coherence of its structure tensor, in [0, 1]."""
    energy = cells(np.square(fine(brightness)), size)
    down, right = np.gradient(smoothed(brightness, 1))
    xx, yy, xy = (cells(product, size) for product in (right * right, down * down, right * down))
    return np.log(energy + FLAT), np.hypot(xx - yy, 2 * xy) / (xx + yy + FLAT / 4)


def texture_distance(a: np.ndarray, b: np.ndarray, region: np.ndarray) -> float:
    """Fréchet distance of the descriptors of two images in the cells that lie in a region; nan of too few cells.

    Args:
        a, b: uint8 (H, W, 3), edges that `CELL` divides.
        region: bool (H, W).
    """
    inside = cells(region, CELL) == 1
    if np.count_nonzero(inside) < FEWEST:
        return math.nan
    return frechet(descriptors(a)[inside], descriptors(b)[inside])


def excess_and_lack(a: np.ndarray, b: np.ndarray, region: np.ndarray) -> tuple[float, float]:
    """By how many dB image `a` has more fine energy than `b`, and less: means over places; nan where there are none.

    Arguments as of `texture_distance`. What lies outside the region does not count.
    """
    share = cells(region, PLACE)
    inside = share >= LEAST
    if not inside.any():
        return math.nan, math.nan
    of_a, of_b = (cells(np.square(fine(luma(x))) * region, PLACE)[inside] / share[inside] for x in (a, b))
    decibels, weights = 10 * np.log10((of_a + FLAT) / (of_b + FLAT)), share[inside]
    excess, lack = (float(np.average(np.maximum(sign * decibels, 0), weights=weights)) for sign in (1, -1))
    return excess, lack


def well_inside(mask: np.ndarray | None, size: int) -> np.ndarray:
    """Where all that a descriptor sees lies in the mask (n, n): bool (size, size). The frame is no border."""
    inside = at_native_size(mask, size) >= 1
    return inside if mask is None else shrunk(inside, REACH)


def names(_: Setup) -> list[str]:
    return [f"texture {what}@{FACE_SIZE}" for what in ("distance", "excess dB", "lack dB")]


def measure(pair: Comparison) -> list[float]:
    """The three figures of a comparison, of the images at their own size."""
    a, b = pair.a.pixels, pair.b.pixels
    region = well_inside(pair.mask, len(b))
    return [texture_distance(a, b, region), *excess_and_lack(a, b, region)]


def prepare(_: "Judges") -> Callable[[Comparison], list[float]]:
    return measure


ENTRY = ImageMetric(
    direction="lower",
    range=(0, math.inf),
    views=("whole", "self-transfer", "kept", "taken"),
    source="of this project; Heusel et al. 2017, equation 6, of one image as Shaham et al. 2019; coherence: Bigün 1987",
    names=names,
    prepare=prepare,
    undefined="the region is too small to have a texture",
)
