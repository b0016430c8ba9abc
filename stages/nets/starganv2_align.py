"""How StarGAN v2's authors bring a photo to CelebA-HQ's frame: FAN's landmarks are moved onto mean landmarks.

Only pictures of another frame need it, as FFHQ's do. The mean landmarks come with the official checkpoint, in
`celeba_lm_mean.npz`. The way back is this project's: the authors leave pictures in CelebA-HQ's frame.
"""

import cv2
import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn

from stages.nets.fan import POINTS, SIZE

LEFT_EYE, RIGHT_EYE = (*range(60, 68), 96), (*range(68, 76), 97)  # numbers in WFLW
MOUTH_ENDS = (76, 82)
MEASURED = (96, 97, 76, 82)  # pupils and ends of the mouth: their distances from the mean give the scale
MARGIN = SIZE // 2  # px that are mirrored on each side
BLUR = 2  # σ in px, at half the size
FADING = 4  # power by which the margin fades into its blur


def axis(points: np.ndarray) -> np.ndarray:
    """The direction (2,) from the left eye to the right one, of length 1, from landmarks (98, 2).

    The mean of what the eyes say and of what the line from the mouth to the eyes says, turned by a right angle.
    """
    left, right = points[list(LEFT_EYE)].mean(0), points[list(RIGHT_EYE)].mean(0)
    up = (left + right) / 2 - points[list(MOUTH_ENDS)].mean(0)
    along = (right - left) - np.array([up[1], -up[0]])
    found: np.ndarray = along / np.linalg.norm(along)
    return found


def similarity(points: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The matrix (3, 3) that turns, scales and moves landmarks (98, 2) onto the mean ones (98, 2); float64."""
    a, b = points.mean(0), mean.mean(0)
    own, wanted = axis(points), axis(mean)
    cosine, sine = own @ wanted, own[0] * wanted[1] - own[1] * wanted[0]
    distances = [np.linalg.norm((each - each.mean(0))[list(MEASURED)], axis=1) for each in (mean, points)]
    linear = (distances[0] / distances[1]).mean() * np.array([[cosine, -sine], [sine, cosine]])
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, b - linear @ a
    return matrix


def mirrored(pixels: np.ndarray) -> np.ndarray:
    """A picture (256, 256, 3), uint8, with a mirrored margin that fades into its blur: (512, 512, 3), 0 to 255."""
    wide = np.pad(pixels, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), "reflect")
    small = cv2.resize(wide, (SIZE, SIZE)) / 255
    blurred = ndimage.gaussian_filter(small, (BLUR, BLUR, 0), mode="nearest", truncate=4)
    blurred = cv2.resize(blurred, wide.shape[1::-1]) * 255
    ramp = np.clip(np.arange(len(wide)) / MARGIN, 0, 1)
    ramp = np.minimum(ramp, ramp[::-1])
    weight = np.minimum.outer(ramp, ramp)[..., None] ** FADING
    faded: np.ndarray = weight * wide + (1 - weight) * blurred
    return faded


def aligned(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The picture in CelebA-HQ's frame (256, 256, 3), nominally in [-1, 1]: the filter oversteps it a little.

    Args:
        pixels: the picture (256, 256, 3), uint8.
        matrix: (3, 3), `similarity` of its landmarks in px and the mean ones.
    """
    wide = mirrored(pixels)
    warped = cv2.warpPerspective(wide, matrix @ _moved(-MARGIN), wide.shape[1::-1], flags=cv2.INTER_LANCZOS4)
    result: np.ndarray = warped[:SIZE, :SIZE] / 255 * 2 - 1
    return result


def laid_back(image: np.ndarray, changed: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """An image with a changed picture of CelebA-HQ's frame over it; outside of that frame it stays as it is.

    Args:
        image: uint8 (E, E, 3), E any edge.
        changed: uint8 (256, 256, 3).
        matrix: (3, 3), what `aligned` was given for this image, reduced to 256 px.

    Returns:
        uint8 (E, E, 3), and the share of it that lies outside of the frame.
    """
    edge = len(image)
    scale = SIZE / edge
    # The middles of pixels stand for the same place at both sizes.
    to_frame = (matrix @ _moved(scale / 2 - 0.5) @ np.diag([scale, scale, 1]))[:2]
    backwards = cv2.WARP_INVERSE_MAP
    enlarged = cv2.warpAffine(
        changed, to_frame, (edge, edge), flags=cv2.INTER_CUBIC | backwards, borderMode=cv2.BORDER_REPLICATE
    )
    frame = np.ones((SIZE, SIZE), np.uint8)
    inside = cv2.warpAffine(frame, to_frame, (edge, edge), flags=cv2.INTER_NEAREST | backwards) > 0
    return np.where(inside[..., None], enlarged, image), float(1 - inside.mean())


def _moved(by: float) -> np.ndarray:
    """The matrix (3, 3) that adds so many px to x and y."""
    return np.array([[1, 0, by], [0, 1, by], [0, 0, 1.0]])


class MeanLandmarks(nn.Module):
    """The mean landmarks of CelebA-HQ, `mean` (98, 2), x and y in px of its frame at 256 px."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(POINTS, 2))
