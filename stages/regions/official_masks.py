"""What the official code does with masks: its target map before and around the two GAN completions, and its morphology.

Facts from ZPdesu/Barbershop (docs/paper.md lists where it leaves the paper); golden vectors check every step.
"""

from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage

from stages.regions.labels import LabelScheme

INPAINT_RADIUS = 3


class Draft(NamedTuple):
    """The target map before the completions, and what they need; all (H, W).

    `labels` uint8. `foreground` bool: what must not become background. `hair` bool (2, H, W): the hair of the
    identity and of the reference. `obstructed` bool: where the reference shows a body part and the identity, once
    its hair is gone, nothing.
    """

    labels: np.ndarray
    foreground: np.ndarray
    hair: np.ndarray
    obstructed: np.ndarray


def draft(identity: np.ndarray, reference: np.ndarray, scheme: LabelScheme) -> Draft:
    """Put the reference's hair on the identity without hers, from two label maps uint8 (H, W).

    Where the reference shows neither hair nor background nor clothes and the identity shows nothing, hair is
    inpainted (Navier–Stokes) from the hair and background around. The inpainting runs on floats and is cut to
    whole numbers, so 0.9999 of hair is background: the official code's own rounding, kept.
    """
    nothing, hair = scheme["background"], scheme["hair"]
    masks = np.stack([identity == hair, reference == hair])
    bald = np.where(masks[0], np.uint8(nothing), identity)
    body = ~np.isin(reference, [hair, nothing, scheme["clothes"]])
    obstructed = body & (bald == nothing)
    labels = np.where(masks[1], np.uint8(hair), bald)
    unknown = obstructed | ~np.isin(labels, [nothing, hair])
    indicator = ((labels == hair) & ~unknown).astype(np.float32)
    inpainted = cv2.inpaint(indicator, unknown.astype(np.uint8) * 255, INPAINT_RADIUS, cv2.INPAINT_NS).astype(np.uint8)
    filled = np.where(inpainted > 0, np.uint8(hair), np.uint8(nothing))
    foreground = (identity != nothing) | masks[1]
    return Draft(np.where(obstructed, filled, labels), foreground, masks, obstructed)


def after_first_completion(drafted: Draft, completed: np.ndarray) -> np.ndarray:
    """The target map where the identity's hair is gone replaced by a completed one, uint8 (H, W)."""
    return np.where(drafted.hair[0] & ~drafted.hair[1], completed, drafted.labels)


def second_goal(drafted: Draft, labels: np.ndarray, scheme: LabelScheme) -> np.ndarray:
    """What the second completion is fitted to: nothing where the reference's body obstructed the view."""
    return np.where(drafted.obstructed, np.uint8(scheme["background"]), labels)


def after_second_completion(
    drafted: Draft, labels: np.ndarray, completed: np.ndarray, scheme: LabelScheme
) -> np.ndarray:
    """The final target map: completed where the view was obstructed and the completion shows something there."""
    return np.where(drafted.obstructed & (completed != scheme["background"]), completed, labels)


def grow(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Grow a bool (H, W) by a cross, iterated; with 0 pixels until nothing changes, that is to everything."""
    grown: np.ndarray = ndimage.binary_dilation(mask, iterations=pixels)
    return grown


def shrink(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Shrink a bool (H, W) by a cross, iterated; with 0 pixels to nothing. Outside the frame counts as empty."""
    shrunk: np.ndarray = ndimage.binary_erosion(mask, iterations=pixels)
    return shrunk
