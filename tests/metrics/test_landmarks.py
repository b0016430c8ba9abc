"""The distance of landmarks: its unit, its symmetries, and what it says without a face."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from stages.metrics import Case
from stages.metrics.landmarks import ENTRY, displacement, prepare
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair


@pytest.fixture
def face():
    """Landmarks whose eyes are 100 px apart."""
    points = np.random.default_rng(0).normal(500, 80, (68, 2))
    points[36:42] += [450, 500] - points[36:42].mean(0)
    points[42:48] += [550, 500] - points[42:48].mean(0)
    return points


def test_it_is_the_mean_shift_in_distances_of_the_eyes(face):
    assert displacement(face, face) == 0
    assert displacement(face + np.array([3, 4]), face) == pytest.approx(0.05)
    some = face.copy()
    some[:34] += np.array([0, 10])
    assert displacement(some, face) == pytest.approx(0.05)


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_it_does_not_depend_on_the_size_of_the_images(face, scale):
    moved = face + np.random.default_rng(1).normal(0, 5, face.shape)
    assert displacement(scale * moved, scale * face) == pytest.approx(displacement(moved, face))


@pytest.mark.weights
def test_an_image_without_a_face_is_named(weights):
    judges = SimpleNamespace(
        weights={"dlib_landmarks": weights / "dlib_landmarks.safetensors"},
        parser=SimpleNamespace(scheme=CELEBAMASK_19),
    )
    grey = SimpleNamespace(pixels=np.full((256, 256, 3), 128, np.uint8))
    (measured,) = prepare(judges)(Case(Pair("p", "anna", {"hair": "ben"}), grey, [grey, grey], [], None))
    assert math.isnan(measured.value) and measured.note == "dlib finds no face in anna"
    assert ENTRY.direction == "lower"
