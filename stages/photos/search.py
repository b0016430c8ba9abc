"""Where the face of a photo is, whatever its size and whichever side of the photo is up."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import dlib
import numpy as np

from stages.nets.dlib_faces import Box, detect_faces, find_landmarks, main_face
from stages.photos.crop import Crop, ffhq_crop, warp

LOOKED_AT = 1500  # px of the longer side at which faces are looked for
LARGEST = 4000  # px of the longer side at which they are looked for again, closer
SURE = 0.5  # score of a face that needs no other look
TURNS = (0, 1, 3, 2)  # quarters by which the photo is turned anticlockwise, in this order
FACE = 0.57  # of the crop's side: the detector's box in a face that FFHQ aligned, mean of ten
USUAL = np.array([0.21, 0.31])  # its upper left corner
VIEW = 1024  # px of the crop in which landmarks are placed
ROUNDS = 2
SHIFTS = (-0.03, 0.0, 0.03)  # of the box, by which it is moved and resized: the mean of all places is steadier


class FoundFace(NamedTuple):
    """The main face of a photo: 68 landmarks (x, y), the detector's score, number of faces, quarter turns."""

    landmarks: np.ndarray
    score: float
    faces: int
    turn: int


class _Look(NamedTuple):
    image: np.ndarray
    factor: float  # pixels of the image a pixel of the photo
    turn: int


def _looks(photo: np.ndarray) -> Iterator[_Look]:
    """The photo as it is, turned by quarters, then the same with smaller faces: largest first."""
    longer = max(photo.shape[:2])
    first = min(1.0, LOOKED_AT / longer)
    for factor in (first, min(2 * first, LARGEST / longer)):
        size = [max(1, round(side * factor)) for side in photo.shape[1::-1]]
        image = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        for turn in TURNS:
            yield _Look(np.ascontiguousarray(np.rot90(image, turn)), factor, turn)


def _crop_of(box: Box, look: _Look) -> Crop:
    """About the square that FFHQ would crop around a detected face."""
    half = box.width / FACE / 2
    upper_left = np.array([box.left, box.top]) - USUAL * 2 * half
    centre, right = upper_left + half, np.array([half, 0.0])
    height, width = look.image.shape[:2]
    for _ in range(look.turn):  # clockwise again: (x, y) comes from (width - 1 - y, x)
        centre = np.array([height - 1 - centre[1], centre[0]])
        right = np.array([-right[1], right[0]])
        height, width = width, height
    return Crop((centre + 0.5) / look.factor - 0.5, right / look.factor)


def _landmarks(photo: np.ndarray, crop: Crop, predictor: dlib.shape_predictor) -> np.ndarray:
    """Landmarks in a crop, which is warped upright to one size first: the mean over slightly different boxes."""
    view, matrix = warp(photo, crop, VIEW), crop.matrix(VIEW)
    places = []
    for grow in SHIFTS:
        for x in SHIFTS:
            for y in SHIFTS:
                left, top = (USUAL + FACE * np.array([x - grow / 2, y - grow / 2])) * VIEW
                side = FACE * (1 + grow) * VIEW
                box = Box(round(left), round(top), round(left + side), round(top + side), 0.0)
                places.append(find_landmarks(predictor, view, box))
    landmarks: np.ndarray = np.mean(places, axis=0) @ matrix[:, :2].T + matrix[:, 2]
    return landmarks


def find_face(photo: np.ndarray, predictor: dlib.shape_predictor) -> FoundFace | None:
    """The main face of an RGB photo, uint8 (H, W, 3), or None if there is none.

    It is looked for in the photo as it is, turned by quarters, then closer for smaller faces, until one is certain;
    else the most certain one counts. Landmarks are placed in the upright crop, twice: so they depend neither on the
    face's turn nor on where exactly the detector put its box.
    """
    found: tuple[Box, _Look, int] | None = None
    for look in _looks(photo):
        boxes = detect_faces(look.image)
        box = main_face(boxes)
        if box is not None and (found is None or box.score > found[0].score):
            found = box, look, sum(other.score >= SURE for other in boxes)
            if box.score >= SURE:
                break
    if found is None:
        return None
    box, look, faces = found
    crop = _crop_of(box, look)
    for _ in range(ROUNDS):
        landmarks = _landmarks(photo, crop, predictor)
        crop = ffhq_crop(landmarks)
    return FoundFace(landmarks, box.score, max(faces, 1), look.turn)
