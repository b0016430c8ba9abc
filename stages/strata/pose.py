"""Pose of a head from dlib's 68 landmarks: yaw, pitch and roll of a generic face that is seen in the same place."""

import math
from typing import NamedTuple

import cv2
import numpy as np

LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)  # iBUG's numbers; left is left in the image
CHIN = 8

# Points of the canonical face model of MediaPipe (Apache-2.0; Kartynnik et al. 2019, arXiv:1907.06724) in cm, by iBUG's
# numbers: x to the right as the viewer sees it, y up, z towards the viewer. They hardly move with the expression, but
# for the chin, without which pitch is uncertain.
_SIDE = {
    36: (-4.445859, 2.663991, 3.173422),  # outer and inner corner of an eye
    39: (-1.856432, 2.585245, 3.757904),
    31: (-1.043625, -1.464973, 5.662455),  # a nostril
}
_MIRRORED = {36: 45, 39: 42, 31: 35}
MODEL: dict[int, tuple[float, float, float]] = {
    **_SIDE,
    **{_MIRRORED[k]: (-x, y, z) for k, (x, y, z) in _SIDE.items()},
    27: (0.0, 2.473255, 5.788627),  # between the eyes
    30: (0.0, -1.126865, 7.475604),  # tip of the nose
    33: (0.0, -2.089024, 6.058267),  # below it
    CHIN: (0.0, -9.403378, 4.264492),
}
# Distance of the camera in half-widths of the head's points: that of a portrait from about 1.3 m. Of 2 or 50 times as
# much, yaw differs by less than 1°.
DISTANCE = 15.0


class Pose(NamedTuple):
    """Degrees. `yaw` > 0: the face looks to the right of the image; `pitch` > 0: up; `roll` > 0: turned clockwise."""

    yaw: float
    pitch: float
    roll: float


def eyes(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (x, y) of the eye to the left and of that to the right in the image."""
    return landmarks[LEFT_EYE].mean(0), landmarks[RIGHT_EYE].mean(0)


def eye_distance(landmarks: np.ndarray) -> float:
    """Distance of the centres of the eyes, in the landmarks' unit."""
    left, right = eyes(landmarks)
    return float(np.hypot(*(right - left)))


def head_pose(landmarks: np.ndarray) -> Pose:
    """The pose of a head with these 68 landmarks (x, y), y down; it depends neither on their place nor on their size.

    The generic face `MODEL` is turned until its points lie on the landmarks (`cv2.solvePnP`). The rotation is yaw about
    the head's own axis first, then pitch, then roll in the image. Pitch 0 is the model's own, which no photo defines:
    compare pitches with each other.
    """
    model = np.array(list(MODEL.values())) * [1, -1, -1]  # the camera's axes: y down, z away from it
    seen = landmarks[list(MODEL)].astype(np.float64)
    seen = seen - seen.mean(0)
    seen = seen / np.hypot(*seen.T).max()
    camera = np.diag([DISTANCE, DISTANCE, 1.0])
    _, rotation, _ = cv2.solvePnP(model, seen, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    matrix = cv2.Rodrigues(rotation)[0]
    return Pose(
        math.degrees(math.atan2(matrix[2, 0], matrix[2, 2])),
        -math.degrees(math.asin(float(np.clip(matrix[2, 1], -1, 1)))),
        math.degrees(math.atan2(-matrix[0, 1], matrix[1, 1])),
    )


def landmark_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of two faces' landmarks (68, 2) in units of the mean distance of their eyes, ≥ 0.

    Nothing is aligned here: FFHQ's crop has brought eyes and mouth to the same place.
    """
    apart = np.hypot(*(first - second).T).mean()
    return float(apart / ((eye_distance(first) + eye_distance(second)) / 2))
