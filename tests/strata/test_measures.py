"""What is measured of a face: hair by drawn maps, tone by known colours, sharpness by its order."""

import math

import cv2
import numpy as np
import pytest
from skimage.color import lab2rgb

from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19, LabelScheme
from stages.strata.measures import fringe, hair_cut, hair_length, measure, sharpness, skin_tone, typology_angle, worn

SIZE = 1024
SCHEME = CELEBAMASK_19


@pytest.fixture
def landmarks():
    """A face as FFHQ has it: eyes at row 490, brows at 440, subnasale at 640, chin at 940."""
    points = np.full((68, 2), 512.0)
    points[8] = 512, 940
    points[17:27] = np.column_stack([np.linspace(300, 724, 10), np.full(10, 440)])
    points[27:36, 1] = 640
    points[36:42] = np.column_stack([np.linspace(320, 440, 6), np.full(6, 490)])
    points[42:48] = np.column_stack([np.linspace(704, 584, 6), np.full(6, 490)])
    points[45], points[42] = (704, 490), (584, 490)
    points[36], points[39] = (320, 490), (440, 490)
    return points


def rows(first: int, last: int) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[first:last] = True
    return mask


@pytest.mark.parametrize(("lowest", "length"), [(490, 0.0), (715, 0.5), (940, 1.0), (1024, 1.19)])
def test_length_counts_from_the_eyes_to_the_chin(landmarks, lowest, length):
    sides = np.zeros((SIZE, SIZE), bool)
    sides[lowest - 400 : lowest, :100] = True
    assert hair_length(sides, landmarks) == pytest.approx(length, abs=0.03)


def test_a_scrap_below_the_hair_is_no_length(landmarks):
    hair = rows(50, 490)
    hair[900:910, 500:600] = True
    assert hair_length(hair, landmarks) == pytest.approx(0, abs=0.05)
    assert math.isnan(hair_length(np.zeros((SIZE, SIZE), bool), landmarks))


def test_fringe_is_the_hair_over_the_lower_forehead(landmarks):
    """That is 120 rows above the brows (0.6 of 200)."""
    assert fringe(rows(0, 320), landmarks) == pytest.approx(0, abs=0.02)
    assert fringe(rows(0, 380), landmarks) == pytest.approx(0.5, abs=0.02)
    assert fringe(rows(0, 440), landmarks) == pytest.approx(1, abs=0.02)
    half = rows(0, 440)
    half[:, 512:] = False
    assert fringe(half, landmarks) == pytest.approx(0.5, abs=0.02)


def test_fringe_follows_a_tilted_face(landmarks):
    turn = np.array([[math.cos(0.3), math.sin(0.3)], [-math.sin(0.3), math.cos(0.3)]])
    tilted = (landmarks - 512) @ turn + 512
    y, x = np.mgrid[:SIZE, :SIZE] - 512
    above = -math.sin(0.3) * x + math.cos(0.3) * y + 512 < 380
    assert fringe(above, tilted) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("scheme", [CELEBAMASK_19, CELEBAMASK_16])
def test_hats_and_glasses(scheme):
    labels = np.zeros((64, 64), np.uint8)
    labels[:8] = scheme["hat"]
    assert worn(labels, scheme, "hat", 0.01) == "yes" and worn(labels, scheme, "glasses", 0.002) == "no"


def test_a_scheme_without_the_label_says_unknown():
    bare = LabelScheme("bare", ("background", "skin", "hair"), {"face": ("skin",)}, (), (), ())
    labels = np.zeros((64, 64), np.uint8)
    found = measure(np.zeros((64, 64, 3), np.uint8), labels, bare, None)
    assert found["hat"] == found["glasses"] == "unknown"


# L* and b* of skin as Del Bino and Bernerd (2013) class it: the angle by a pocket calculator.
@pytest.mark.parametrize(
    ("lightness", "yellow", "angle"),
    [(70, 15, 53.13), (60, 20, 26.57), (50, 18, 0.0), (35, 12, -51.34), (65, 15, 45.0)],
)
def test_tone_is_the_angle_of_the_colour(lightness, yellow, angle):
    assert typology_angle(lightness, yellow) == pytest.approx(angle, abs=0.01)
    colour = (lab2rgb(np.array([[[lightness, 12.0, yellow]]])) * 255).round().astype(np.uint8)
    pixels, skin = np.tile(colour, (200, 200, 1)), np.zeros((200, 200), bool)
    skin[50:150, 50:150] = True
    pixels[~skin] = (0, 0, 255)
    assert skin_tone(pixels, skin) == pytest.approx(angle, abs=2)


def test_sharpness_falls_with_blur_and_enlarging_and_looks_at_the_face_alone():
    random = np.random.default_rng(0)
    image = cv2.GaussianBlur(random.integers(0, 256, (256, 256, 3)).astype(np.uint8), (0, 0), 1)
    face = np.zeros((256, 256), bool)
    face[64:192, 64:192] = True
    blurred = [sharpness(cv2.GaussianBlur(image, (0, 0), s), face) for s in (0.5, 1, 2, 4)]
    assert sharpness(image, face) > blurred[0] > blurred[1] > blurred[2] > blurred[3]
    noisy = image.copy()
    noisy[~face] = random.integers(0, 256, noisy[~face].shape)
    assert sharpness(noisy, face) == sharpness(image, face)
    assert math.isnan(sharpness(image, np.zeros((256, 256), bool)))


def test_without_a_face_the_map_still_says_what_it_shows():
    labels = np.zeros((64, 64), np.uint8)
    labels[:16] = SCHEME["hair"]
    found = measure(np.zeros((128, 128, 3), np.uint8), labels, SCHEME, None)
    assert found["hair_share"] == pytest.approx(0.25)
    assert all(
        math.isnan(found[key]) for key in ("yaw", "pitch", "roll", "eye_distance", "hair_length", "fringe", "tone")
    )


def test_hair_that_leaves_at_a_side_is_cut():
    hair = rows(0, 256)
    assert hair_cut(hair) == 0.25
    hair[:, 0] = False
    assert hair_cut(hair) == 0.25, "the side with more counts"
    hair[:, -1] = False
    assert hair_cut(hair) == 0 and hair.any(), "above and below do not"
