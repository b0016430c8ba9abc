"""The baselines without a latent space: a region's pixels copied onto the identity or cloned into it, or recoloured."""

import cv2
import numpy as np
from skimage.exposure import match_histograms

FRAME = 2  # px; what OpenCV's cloning needs around the mask


def copied(image: np.ndarray, reference: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Put the pixels that a mask selects of a reference at the same place of an image.

    Args:
        image, reference: uint8 (H, W, 3).
        mask: bool (h, w), brought to the images' size by its nearest pixels; nothing changes outside of it.

    Raises:
        ValueError: the images differ in size.
    """
    _check_sizes(image, reference)
    return np.where(_nearest(mask, image)[..., None], reference, image)


def cloned(image: np.ndarray, reference: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """As `copied`, but the reference's gradients with the image's colours at the mask's border.

    Source: Pérez, Gangnet and Blake, "Poisson image editing", 2003, through OpenCV.
    """
    _check_sizes(image, reference)
    if not mask.any():
        return image.copy()
    wanted = _nearest(mask, image)
    return np.where(wanted[..., None], _cloned(image, reference, wanted), image)


def _check_sizes(image: np.ndarray, reference: np.ndarray) -> None:
    if image.shape != reference.shape:
        raise ValueError(f"the images {image.shape} and {reference.shape} differ in size")


def recolour(image: np.ndarray, mask: np.ndarray, reference: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Give what a mask selects of an image the histograms, channel by channel, of what `own` selects of a reference.

    Args:
        image, reference: uint8 (H, W, 3).
        mask, own: bool (h, w), neither empty, brought to the images' size by their nearest pixels.
    """
    mask, own = _nearest(mask, image), _nearest(own, reference)
    result = image.copy()
    result[mask] = np.rint(match_histograms(image[mask], reference[own], channel_axis=-1))
    return result


def _nearest(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    return cv2.resize(mask.astype(np.uint8), image.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def _cloned(image: np.ndarray, reference: np.ndarray, mask: np.ndarray) -> np.ndarray:
    # A region that leaves the photo goes on outside of it: there both are continued by their last pixels.
    wide = [np.pad(x, [(FRAME, FRAME)] * 2 + [(0, 0)] * (x.ndim - 2), mode="edge") for x in (image, reference)]
    selected = np.pad(mask.astype(np.uint8) * 255, FRAME)
    x, y, width, height = cv2.boundingRect(selected)
    # The centre of the mask's rectangle, where it is: so OpenCV does not shift the reference.
    centre = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(wide[1], wide[0], selected, centre, cv2.NORMAL_CLONE)
    return cloned[FRAME:-FRAME, FRAME:-FRAME]


def without_foreground(image: np.ndarray, foreground: np.ndarray, margin: int) -> np.ndarray:
    """An image with what stands in front replaced by fast marching from what is left (Telea 2004, through OpenCV).

    Args:
        image: uint8 (H, W, 3).
        foreground: bool (h, w), h a divisor of H; the inpainting is done at this size.
        margin: pixels of (h, w) around it that are replaced too: strands of hair cross the labels' border.
    """
    size = image.shape[1::-1]
    unknown = cv2.dilate(foreground.astype(np.uint8), np.ones((2 * margin + 1,) * 2, np.uint8))
    small = cv2.resize(image, foreground.shape[::-1], interpolation=cv2.INTER_AREA)
    filled = cv2.inpaint(small, unknown, 3, cv2.INPAINT_TELEA)
    mask = cv2.resize(unknown, size, interpolation=cv2.INTER_NEAREST)[..., None] > 0
    return np.where(mask, cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR), image)


def soft_blend(image: np.ndarray, behind: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Lay what a mask selects of an image over another, with a soft border.

    Args:
        image, behind: uint8 (H, W, 3).
        mask: bool (h, w), blurred by a Gaussian of `sigma` pixels of its own size and brought to the images'.
    """
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    soft = cv2.resize(soft, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
    blended: np.ndarray = np.rint(soft * image + (1 - soft) * behind).astype(np.uint8)
    return blended
