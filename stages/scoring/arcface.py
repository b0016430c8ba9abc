"""Identity by ArcFace (Deng et al. 2019), on InsightFace's ResNet-50 of WebFace600K, for whoever has its file."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from stages.errors import UserError
from stages.nets.alone import alone
from stages.scoring.user_files import ARCFACE

SIZE = 112  # px of the aligned face
# Where InsightFace puts both eyes, the tip of the nose and the corners of the mouth in it: x, y in px.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
LEFT_EYE, RIGHT_EYE, NOSE, LEFT_CORNER, RIGHT_CORNER = slice(36, 42), slice(42, 48), 30, 48, 54  # iBUG's numbers

Identify: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Both eyes, the tip of the nose and the corners of the mouth, (5, 2), of the 68 landmarks (68, 2)."""
    eyes = landmarks[LEFT_EYE].mean(0), landmarks[RIGHT_EYE].mean(0)
    return np.stack([*eyes, landmarks[NOSE], landmarks[LEFT_CORNER], landmarks[RIGHT_CORNER]])


def aligned(pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The face, uint8 (112, 112, 3), moved so that its five points (5, 2) lie nearest to the template.

    It is turned, scaled and shifted by the similarity of least squares, as InsightFace takes it (Umeyama 1991).
    What lies outside of the image is black.
    """
    from skimage.transform import SimilarityTransform

    matrix = SimilarityTransform.from_estimate(points, TEMPLATE).params[:2]
    face: np.ndarray = cv2.warpAffine(pixels, matrix, (SIZE, SIZE))
    return face


def load_arcface(path: Path, verify: bool = True) -> Identify:
    """Load InsightFace's ONNX file.

    Args:
        path: the file.
        verify: whether its sha256 must be the published one.

    Returns:
        A function from an image, uint8 (H, W, 3), and 68 landmarks (68, 2) of a face in it to the face's identity,
        (d,) float64 of length 1. The dot product of two is their cosine.

    Raises:
        UserError: the file is missing, not the published one, or no network.
    """
    if verify:
        ARCFACE.check(path)
    try:
        net = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise UserError(f"{path}: OpenCV cannot read it as an ONNX network") from error

    @alone
    def identify(pixels: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        face = aligned(pixels, five_points(landmarks))
        net.setInput(cv2.dnn.blobFromImage(face, 1 / 127.5, (SIZE, SIZE), (127.5, 127.5, 127.5)))
        features = net.forward().ravel().astype(np.float64)
        unit: np.ndarray = features / np.linalg.norm(features)
        return unit

    return identify
