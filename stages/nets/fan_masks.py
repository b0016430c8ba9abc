"""Masks of what StarGAN v2 (Choi et al. 2020) keeps of a face: its heat maps, sharpened, moved, and added up.

The numbers are those of the official code, found by its authors; `landmarks` are by their numbers in WFLW.
"""

from torch import Tensor
from torch.nn import functional

from stages.nets.fan import SIZE

THRESHOLD, EPSILON = 0.1, 1e-6

# Landmarks, rows that they move down, power that they are raised to.
MOVES = (
    (slice(8, 25), 0, 3),  # the chin
    (slice(33, 51), 7, 2),  # the brows
    (slice(55, 60), -8, 4),  # the nostrils
    (slice(77, 82), 8, 4),  # the upper lip
    (slice(83, 88), -8, 4),  # the lower lip
    (slice(88, 96), 2, 3),  # the inner lips
)
DROPPED = (*range(8), *range(25, 34), 46, 76, 82)  # the cheeks, ends of the brows, corners of the mouth
NOSE, NOSE_MOVE = slice(52, 55), -4
EYES, EYES_MOVE, EYES_POWER, EYES_COPY = slice(60, 76), 8, 3, 24
COARSE_ONLY = (*range(8, 25), *range(33, 51), *range(76, 96))  # chin, brows and mouth are not in the fine mask


def moved(heat: Tensor, rows: int) -> Tensor:
    """Heat maps moved down by so many rows; what leaves at the bottom comes in at the top."""
    return heat.roll(rows, 2)


def masks_of_enlarged(heat: Tensor) -> tuple[Tensor, Tensor]:
    """Masks (B, 1, 256, 256) in [0, 1] for features of 32 px and for finer ones, of heat maps (B, 98, 256, 256)."""
    heat = heat.where(heat >= THRESHOLD, 0.0)
    low, high = heat.amin((2, 3), keepdim=True), heat.amax((2, 3), keepdim=True)
    heat = (heat - low) / (high - low + EPSILON)
    for points, rows, power in MOVES:
        heat[:, points] = moved(heat[:, points], rows) ** power
    heat[:, DROPPED] = 0
    heat[:, NOSE] = moved(heat[:, NOSE], NOSE_MOVE)
    eyes = heat[:, EYES]
    heat[:, EYES] = moved(eyes, EYES_MOVE) ** EYES_POWER + moved(eyes, EYES_COPY)
    coarse = heat.sum(1, keepdim=True).clamp(0, 1)
    heat[:, COARSE_ONLY] = 0
    return coarse, heat.sum(1, keepdim=True).clamp(0, 1)


def masks(heat: Tensor) -> tuple[Tensor, Tensor]:
    """As `masks_of_enlarged`, of FAN's heat maps (B, 98, 64, 64)."""
    return masks_of_enlarged(functional.interpolate(heat, (SIZE, SIZE), mode="bilinear", align_corners=True))
