"""Where the face is: one photo, placed in many ways, is aligned to the same picture."""

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image
from support import PHOTOS, needs_photos

from stages.nets.dlib_faces import detect_faces, find_landmarks, load_landmarks, main_face
from stages.photos.crop import ffhq_crop, warp
from stages.photos.search import find_face

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def predictor(weights):
    return load_landmarks(weights / "dlib_landmarks.safetensors")


def place(photo, scale, degrees, canvas, centre):
    """A photo scaled, turned clockwise and put into a grey canvas (width, height); with the (2, 3) of its pixels."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    matrix = np.column_stack([turn, np.array(centre) - turn @ (np.array(photo.shape[1::-1]) - 1) / 2])
    if scale < 1:  # averaged first: a camera does not skip pixels either
        small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return place(small, 1.0, degrees, canvas, centre)[0], matrix
    return cv2.warpAffine(photo, matrix, canvas, flags=cv2.INTER_CUBIC, borderValue=(120, 130, 140)), matrix


def apart(points, photo, matrix, predictor, reference):
    """Mean distance of points after aligning the placed photo and the photo itself, in eye distances."""
    crop = ffhq_crop(find_face(photo, predictor).landmarks)
    placed = points @ matrix[:, :2].T + matrix[:, 2]
    found, expected = (into(crop, placed), into(reference, points))
    eyes = np.hypot(*(expected[42:48].mean(0) - expected[36:42].mean(0)))
    return np.hypot(*(found - expected).T).mean() / eyes


def into(crop, points):
    """Points of the photo in the crop's pixels at 1024 px."""
    matrix = np.vstack([crop.matrix(1024), [0, 0, 1]])
    return (np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(matrix).T)[:, :2]


# scale, degrees, canvas, centre: in the middle and off it, turned a little, lying on a side, upside down, small, cut.
PLACES = [
    (1.0, 0, (800, 700), (420, 350)),
    (1.0, 12, (1200, 900), (800, 500)),
    (2.5, -20, (1400, 1400), (700, 800)),
    (1.0, 90, (800, 700), (400, 350)),
    (1.0, -85, (800, 700), (400, 350)),
    (1.0, 180, (800, 700), (400, 350)),
    (0.6, 5, (900, 1200), (500, 600)),
    (1.0, 0, (512, 420), (255.5, 190)),
]


@pytest.mark.parametrize("placed", PLACES)
def test_a_face_is_aligned_alike_wherever_it_is(predictor, placed):
    photo = skimage.data.astronaut()
    face = find_face(photo, predictor)
    assert (face.faces, face.turn) == (1, 0) and face.score > 1
    worse, matrix = place(photo, *placed)
    distance = apart(face.landmarks, worse, matrix, predictor, ffhq_crop(face.landmarks))
    assert distance < 0.02


def test_landmarks_are_dlibs_own_up_to_their_jitter(predictor):
    photo = skimage.data.astronaut()
    plain = find_landmarks(predictor, photo, main_face(detect_faces(photo)))
    steady = find_face(photo, predictor).landmarks
    eyes = np.hypot(*(plain[42:48].mean(0) - plain[36:42].mean(0)))
    assert np.hypot(*(steady - plain).T).mean() < 0.05 * eyes
    assert np.hypot(*(steady - plain)[36:48].T).mean() < 0.03 * eyes


def test_no_face_no_landmarks(predictor):
    assert find_face(skimage.data.coffee(), predictor) is None
    assert find_face(np.zeros((5, 7, 3), np.uint8), predictor) is None


@needs_photos
@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_a_degraded_photo_comes_back_to_where_ffhq_put_it(predictor, path):
    """Small, turned, off the middle: aligned again, its landmarks lie where FFHQ's own alignment has them."""
    photo = np.array(Image.open(path))
    points = find_landmarks(predictor, photo, main_face(detect_faces(photo)))
    worse, matrix = place(photo, 0.5, 14, (1100, 900), (600, 420))
    crop = ffhq_crop(find_face(worse, predictor).landmarks)
    found = into(crop, points @ matrix[:, :2].T + matrix[:, 2])
    eyes = np.hypot(*(points[42:48].mean(0) - points[36:42].mean(0)))
    distance = np.hypot(*(found - points).T).mean() / eyes
    assert distance < 0.02
    difference = np.abs(warp(worse, crop, 256).astype(float) - warp(photo, ffhq_crop_of_whole(photo), 256))
    assert difference[64:192, 64:192].mean() < 12


def ffhq_crop_of_whole(photo):
    """The square that is the whole photo."""
    from stages.photos.crop import Crop

    side = photo.shape[0]
    return Crop(np.full(2, (side - 1) / 2), np.array([side / 2, 0.0]))
