"""How far the composite's face has moved: its landmarks against those of the image which gives its face."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.main_face import against_giver

if TYPE_CHECKING:
    import dlib

    from stages.scoring.judges import Judges

NETWORK = "dlib_landmarks"
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)  # iBUG's numbers


def displacement(found: np.ndarray, own: np.ndarray) -> float:
    """Mean distance of landmarks (68, 2) in pixels, as a share of the distance between the second face's eyes; ≥ 0.

    Source: the normalised mean error of face alignment, by the distance of the pupils (Sagonas et al. 2013).
    """
    eyes = np.linalg.norm(own[LEFT_EYE].mean(0) - own[RIGHT_EYE].mean(0))
    return float(np.linalg.norm(found - own, axis=1).mean() / eyes)


def finder(predictor: "dlib.shape_predictor") -> Callable[[np.ndarray], np.ndarray | None]:
    """A function from an image, uint8 (H, W, 3), to the landmarks (68, 2) of its main face, or None without one."""
    from stages.nets.dlib_faces import detect_faces, find_landmarks, main_face

    def find(image: np.ndarray) -> np.ndarray | None:
        box = main_face(detect_faces(image))
        return None if box is None else find_landmarks(predictor, image, box)

    return find


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    from stages.nets.dlib_faces import load_landmarks

    return against_giver(judges, finder(load_landmarks(judges.weights[NETWORK])), displacement)


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="Sagonas et al. 2013; landmarks: Kazemi and Sullivan 2014, through dlib",
    names=lambda _: ["landmark distance dlib-68@1024"],
    prepare=prepare,
    networks=(NETWORK,),
    wanted=lambda setup: setup.identity,
)
