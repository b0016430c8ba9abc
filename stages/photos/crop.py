"""FFHQ's crop of a face by its landmarks: the square, its pixels, and what stands where the photo ends.

The square is defined in appendix C of Karras et al., Progressive Growing of GANs (2018), by eyes and mouth; FFHQ
(Karras et al. 2019) takes them from dlib's 68 landmarks and sets the sizes of the border.
"""

from typing import NamedTuple

import cv2
import numpy as np

from stages.formats.images import FACE_SIZE

BORDER, PAD, BLUR = 0.1, 0.3, 0.02  # of the crop's side: looked at beyond it, least padding, σ of the padding's blur
# Of the side: a square whose corners are this close to the photo's is the photo. Twelve faces that FFHQ or its
# generator aligned stay below 0.013.
WHOLE = 0.04
MARGIN = 64  # px around the crop that are made as well, so that the blur sees what is there


class Crop(NamedTuple):
    """A square in a photo, in pixels (x, y): its centre, and from there the middle of its right side."""

    centre: np.ndarray
    right: np.ndarray

    @classmethod
    def whole(cls, side: int) -> "Crop":
        """The square that a square photo of `side` px is."""
        return cls(np.full(2, (side - 1) / 2), np.array([side / 2, 0.0]))

    @property
    def size(self) -> float:
        """Side of the square."""
        return 2 * float(np.hypot(*self.right))

    @property
    def down(self) -> np.ndarray:
        """From the centre to the middle of the lower side."""
        return np.array([-self.right[1], self.right[0]])

    @property
    def angle(self) -> float:
        """Degrees by which the square is turned clockwise in the photo."""
        return float(np.degrees(np.arctan2(self.right[1], self.right[0])))

    @property
    def corners(self) -> np.ndarray:
        """Upper left, upper right, lower right and lower left corner: (4, 2)."""
        corners: np.ndarray = self.centre + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ np.array(
            [self.right, self.down]
        )
        return corners

    def matrix(self, size: int, margin: int = 0) -> np.ndarray:
        """(2, 3) from pixels of the square at `size` px, with `margin` px around it, to pixels of the photo."""
        steps = np.array([self.right, self.down]).T * 2 / size
        return np.column_stack([steps, self.centre + steps @ np.full(2, 0.5 - margin - size / 2)])


def ffhq_crop(landmarks: np.ndarray) -> Crop:
    """The square that FFHQ crops around a face with these 68 landmarks (x, y).

    With e between the eyes, x' from eye to eye and y' from e to the mouth: its axis is x' - rot90(y'), its side the
    larger of 4 |x'| and 3.6 |y'|, its centre e + 0.1 y'.
    """
    left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    eyes, mouth = (left + right) / 2, (landmarks[48] + landmarks[54]) / 2
    across, below = right - left, mouth - eyes
    axis = across + np.array([below[1], -below[0]])
    half = max(2.0 * np.hypot(*across), 1.8 * np.hypot(*below))
    return Crop(eyes + 0.1 * below, axis / np.hypot(*axis) * half)


def is_whole(crop: Crop, width: int, height: int) -> bool:
    """Whether a photo of `width` × `height` px is this square as it is, but for what landmarks are uncertain by."""
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    return width == height and float(np.abs(crop.corners - whole).max()) < WHOLE * width


def warp(photo: np.ndarray, crop: Crop, size: int, margin: int = 0) -> np.ndarray:
    """The pixels of a square, uint8 (size + 2 margin, same, 3); beyond the photo's border they are mirrored."""
    if crop.size > 2 * size:  # more than halved: averaged first, or fine texture would turn into noise
        factor = size * 2 / crop.size
        photo = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        crop = Crop((crop.centre + 0.5) * factor - 0.5, crop.right * factor)
    finer = 2 if crop.size > size else 1
    side = (size + 2 * margin) * finer
    fine = cv2.warpAffine(
        photo, crop.matrix(size * finer, margin * finer), (side, side),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    return fine if finer == 1 else cv2.resize(fine, (side // 2, side // 2), interpolation=cv2.INTER_AREA)


def beyond(crop: Crop, width: int, height: int, size: int, margin: int = 0) -> np.ndarray | None:
    """How far the pixels of a square lie beyond a photo of `width` × `height` px, or None if they keep clear of it.

    (size + 2 margin, same): 0 at the border, 1 at the end of FFHQ's padding, negative inside.
    """
    border = max(round(BORDER * crop.size), 3)
    low, high = crop.corners.min(0), crop.corners.max(0)
    needed = np.array([-low, high - (width, height)]) + border
    if needed.max() <= border - 4:
        return None
    pad = np.maximum(needed, round(PAD * crop.size))
    steps = np.arange(size + 2 * margin)
    matrix = crop.matrix(size, margin)
    x, y = matrix[:, :1, None] * steps + matrix[:, 1:2, None] * steps[:, None] + matrix[:, 2:, None]
    beyond: np.ndarray = np.max(
        [-x / pad[0, 0], -y / pad[0, 1], (x - width + 1) / pad[1, 0], (y - height + 1) / pad[1, 1]], axis=0
    )
    return beyond


def share_beyond(crop: Crop, width: int, height: int) -> float:
    """The share of a square that a photo of `width` × `height` px does not show."""
    outside = beyond(crop, width, height, 128)
    return 0.0 if outside is None else float((outside > 0).mean())


def aligned(photo: np.ndarray, crop: Crop) -> np.ndarray:
    """A face as FFHQ has it, uint8 (1024, 1024, 3), from an RGB photo, uint8 (H, W, 3).

    Where the photo ends it is mirrored, more and more blurred, and fades to the image's median colour.
    """
    height, width = photo.shape[:2]
    outside = beyond(crop, width, height, FACE_SIZE, MARGIN)
    if outside is None:
        return warp(photo, crop, FACE_SIZE)
    face = warp(photo, crop, FACE_SIZE, MARGIN).astype(np.float32)
    blurred = cv2.GaussianBlur(face, (0, 0), BLUR * FACE_SIZE)
    face += (blurred - face) * np.clip(3 * outside + 1, 0, 1)[..., None]
    face += (np.median(face, axis=(0, 1)) - face) * np.clip(outside, 0, 1)[..., None]
    return face[MARGIN:-MARGIN, MARGIN:-MARGIN].round().clip(0, 255).astype(np.uint8)
