"""From the square that was cropped around a face back into the photo: the crop's transform inverted."""

from typing import NamedTuple

import cv2
import numpy as np

from stages.photos.crop import Crop


class Window(NamedTuple):
    """The part of a photo that a square lies in: its upper left pixel and its size (`width`, `height`), px."""

    x: int
    y: int
    width: int
    height: int
    crop: Crop

    @classmethod
    def of(cls, crop: Crop, width: int, height: int) -> "Window | None":
        """Of a photo of `width` × `height` px, with a pixel around the square; None if the photo shows none of it."""
        low = np.maximum(np.floor(crop.corners.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(crop.corners.max(0)).astype(int) + 2, (width, height))
        if (low >= high).any():
            return None
        (x, y), (w, h) = low.tolist(), (high - low).tolist()
        return cls(x, y, w, h, crop)

    def cut(self, photo: np.ndarray) -> np.ndarray:
        """The window of a photo, a view."""
        return photo[self.y : self.y + self.height, self.x : self.x + self.width]

    def image(self, square: np.ndarray) -> np.ndarray:
        """The pixels of a square, uint8 (N, N, 3), where they lie in the photo; its last ones go on outside of it."""
        side = round(self.crop.size)
        if side < len(square):  # made smaller: averaged first, or fine texture would turn into noise
            square = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
        return self._warp(square, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)

    def mask(self, square: np.ndarray) -> np.ndarray:
        """The same of a mask, bool (n, n), by its nearest pixels; false outside of the square."""
        return self._warp(square.astype(np.uint8), cv2.INTER_NEAREST, cv2.BORDER_CONSTANT) > 0

    def area(self) -> np.ndarray:
        """Where the square is, bool (h, w)."""
        return self.mask(np.ones((round(self.crop.size),) * 2, bool))

    def _warp(self, square: np.ndarray, how: int, border: int) -> np.ndarray:
        matrix = self.crop.matrix(len(square)) - [[0, 0, self.x], [0, 0, self.y]]
        return cv2.warpAffine(square, matrix, (self.width, self.height), flags=how, borderMode=border)


def cut_share(crop: Crop, width: int, height: int, changed: np.ndarray) -> float:
    """Of the square's edge that lies within a photo of `width` × `height` px, the share at which `changed` is true.

    There what changes goes on outside of the square, where the photo stays as it is: hair is cut, or old hair is left.

    Args:
        crop: the square.
        width, height: of the photo, px.
        changed: bool (n, n), of the square.

    Returns:
        A number from 0 to 1; 0 if the photo shows nothing beyond the square.
    """
    n = len(changed)
    y, x = np.nonzero(np.pad(np.zeros((n - 2, n - 2), bool), 1, constant_values=True))
    place = crop.matrix(n) @ np.array([x, y, np.ones_like(x)])
    outwards = place - crop.centre[:, None]
    beyond = place + outwards * 2 / n  # the next pixel out
    inside = ((beyond >= -0.5) & (beyond <= np.array([[width], [height]]) - 0.5)).all(0)
    return float(changed[y, x][inside].mean()) if inside.any() else 0.0
