"""dlib's faces: on a photograph that every machine has, NASA's portrait of Eileen Collins in scikit-image."""

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageEnhance, ImageFilter

from stages.formats.files import sha256
from stages.formats.weight_files import read_weights, weights_bytes
from stages.nets import dlib_faces
from stages.nets.dlib_faces import detect_faces, find_landmarks, identity, load_identity, load_landmarks, main_face

ASTRONAUT = skimage.data.astronaut()
EYES = [(203, 101), (247, 104)]  # read off the photo at three times its size
MOUTH = [(201, 140), (245, 141)]
# dlib's two files, as dlib.net and every mirror of it give them.
PUBLISHED = {
    "dlib_landmarks": "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    "dlib_identity": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
}


@pytest.fixture(scope="module")
def predictor(weights):
    return load_landmarks(weights / "dlib_landmarks.safetensors")


@pytest.fixture(scope="module")
def identity_of(weights, predictor):
    net = load_identity(weights / "dlib_identity.safetensors")

    def measure(image):
        image = np.array(image)
        box = main_face(detect_faces(image))
        return identity(net, image, box, find_landmarks(predictor, image, box))

    return measure


@pytest.mark.weights
@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_are_the_published_files(weights, name):
    empty = torch.empty(dlib_faces.SIZES[name], device="meta")
    tensors = read_weights(weights / f"{name}.safetensors", {dlib_faces.CONTENT: empty})
    assert sha256(tensors[dlib_faces.CONTENT].numpy().tobytes()) == PUBLISHED[name]


def test_one_face_where_it_is_and_none_in_a_cup_of_coffee():
    box, *others = detect_faces(ASTRONAUT)
    assert not others
    for x, y in EYES + MOUTH:
        assert box.left < x < box.right and box.top < y < box.bottom
    assert detect_faces(skimage.data.coffee()) == []


def test_the_largest_face_is_the_main_one_and_the_patch_on_a_sleeve_is_none():
    scene = np.zeros((1024, 1600, 3), np.uint8)
    scene[:512, :512] = ASTRONAUT
    scene[:, 576:] = np.array(Image.fromarray(ASTRONAUT).resize((1024, 1024), Image.Resampling.BICUBIC))
    faces = detect_faces(scene)
    patches = [face for face in faces if face.score < 0.2]
    small, large = sorted(set(faces) - set(patches), key=lambda face: face.width)
    assert patches and main_face(faces) == large and main_face([small, *patches]) == small
    assert large.left > 576 and small.right < 512 and large.width > 1.5 * small.width
    assert main_face([]) is None


def test_small_faces_need_upsampling():
    half = np.array(Image.fromarray(ASTRONAUT).resize((256, 256), Image.Resampling.LANCZOS))
    assert detect_faces(half) == []
    assert main_face(detect_faces(half, upsample=1)).width == pytest.approx(44, abs=8)


@pytest.mark.weights
def test_landmarks_are_on_eyes_and_mouth(predictor):
    points = find_landmarks(predictor, ASTRONAUT, main_face(detect_faces(ASTRONAUT)))
    assert points.shape == (68, 2) and points.dtype == np.float64
    found = [points[36:42].mean(0), points[42:48].mean(0), points[48], points[54]]
    np.testing.assert_allclose(found, EYES + MOUTH, atol=2)


@pytest.mark.weights
def test_identity_survives_what_does_not_change_a_person(identity_of):
    photo = Image.fromarray(ASTRONAUT)
    reference = identity_of(photo)
    assert reference.shape == (128,) and np.array_equal(identity_of(photo), reference)
    for other in (
        photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        photo.resize((800, 800), Image.Resampling.BICUBIC),
        photo.filter(ImageFilter.GaussianBlur(1)),
        ImageEnhance.Brightness(photo).enhance(0.7),
    ):
        assert np.linalg.norm(identity_of(other) - reference) < 0.7 * dlib_faces.SAME_PERSON


def test_what_is_no_file_of_dlibs_is_refused(refused, tmp_path):
    path = tmp_path / "dlib_landmarks.safetensors"
    path.write_bytes(weights_bytes(dlib_faces.as_tensors(b"0123"), {"network": "dlib_identity"}))
    refused(f"^{path}: holds the network dlib_identity", load_landmarks, path)
    refused(f"^{path}: .*{dlib_faces.CONTENT}", load_identity, path)
    refused("no.safetensors: .*run `", load_identity, tmp_path / "no.safetensors")
