"""Photos: brought to one form, or refused with what to do."""

import io
import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

from stages.errors import ItemError
from stages.faces import prepare_photo
from stages.formats.images import png_bytes
from stages.nets.dlib_faces import load_landmarks
from stages.photos.crop import Crop, aligned

NEVER = {"align": "never", "min_size": 512, "sharp_size": 700}
AUTO = {"align": "auto", "min_size": 128, "sharp_size": 512}


def photo(width, height):
    """Content of a photo that is dark at the left and bright at the right."""
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    return png_bytes(Image.fromarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)).copy()))


def refuse_to_load():
    pytest.fail("landmarks are not needed")


def image_of(result):
    return Image.open(io.BytesIO(result.contents["face"]))


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"Dear diary\n", "replace or remove"),
        (b"", "replace or remove"),
        (photo(600, 600)[:700], "replace or remove"),
        (photo(300, 300), "300 px .*512 px .*faces.min_size"),
        (photo(1024, 768), "1024×768 px is not square; faces.align"),
    ],
)
def test_photo_that_cannot_be_used_is_named_with_a_remedy(refused, tmp_path, content, remedy):
    path = tmp_path / "zoe.png"
    path.write_bytes(content)
    refused(f"^{path}: .*{remedy}", prepare_photo, path, NEVER, refuse_to_load, error=ItemError)


@pytest.mark.parametrize(("size", "warned"), [(512, True), (1024, False), (2048, False)])
def test_photo_becomes_an_image_of_1024_px(tmp_path, size, warned):
    path = tmp_path / "zoe.png"
    path.write_bytes(photo(size, size))
    result = prepare_photo(path, NEVER, refuse_to_load)
    image = image_of(result)
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (1024, 1024))
    ramp = np.linspace(0, 255, 1024)[None, :, None]
    np.testing.assert_allclose(np.asarray(image, float), np.broadcast_to(ramp, (1024, 1024, 3)), atol=1.5)
    assert result.facts["px"] == size
    assert result.facts["square"] == {"centre": [(size - 1) / 2] * 2, "right": [size / 2, 0.0]}
    assert result.facts["warnings"] == (["its square of 512 px was enlarged 2.0 times"] if warned else [])


def test_photo_of_1024_px_keeps_its_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    path = tmp_path / "zoe.png"
    path.write_bytes(png_bytes(Image.fromarray(pixels)))
    np.testing.assert_array_equal(image_of(prepare_photo(path, NEVER, refuse_to_load)), pixels)


@pytest.fixture(scope="module")
def predictor(weights):
    net = load_landmarks(weights / "dlib_landmarks.safetensors")
    return lambda: net


def saved(folder, pixels):
    path = folder / "zoe.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.weights
def test_photo_of_a_person_is_cropped_and_a_crop_is_left_as_it_is(tmp_path, predictor):
    result = prepare_photo(saved(tmp_path, skimage.data.astronaut()), AUTO, predictor)
    assert result.facts["aligned"] and result.facts["px"] == pytest.approx(177, abs=4)
    (warning,) = result.facts["warnings"]
    assert warning.startswith(f"its square of {result.facts['px']} px was enlarged 5.")
    face = np.array(image_of(result))
    square = json.loads(json.dumps(result.facts["square"]))  # as a record keeps it
    crop = Crop(*(np.array(square[key]) for key in ("centre", "right")))
    np.testing.assert_array_equal(aligned(skimage.data.astronaut(), crop), face)
    again = prepare_photo(saved(tmp_path, face), AUTO, predictor)
    assert not again.facts["aligned"] and again.facts["px"] == 1024 and again.facts["warnings"] == []
    np.testing.assert_array_equal(image_of(again), face)
    always = prepare_photo(saved(tmp_path, face), AUTO | {"align": "always"}, predictor)
    assert always.facts["aligned"] and abs(always.facts["px"] - 1024) < 20


@pytest.mark.weights
def test_what_is_odd_about_a_photo_is_a_warning(tmp_path, predictor):
    """Two of her, the larger one cut by the border; all on its side."""
    large = np.array(Image.fromarray(skimage.data.astronaut()).resize((1024, 1024), Image.Resampling.BICUBIC))
    scene = np.zeros((1024, 1600, 3), np.uint8)
    scene[:512, :512] = skimage.data.astronaut()
    scene[:964, 576:] = large[60:]
    result = prepare_photo(saved(tmp_path, np.rot90(scene).copy()), AUTO, predictor)
    several, side, cut, small = result.facts["warnings"]
    assert several == "shows 2 faces; the largest was taken"
    assert side == "is not upright; it was turned by 270° anticlockwise"
    assert cut.startswith("ends within the square around the face; ")
    assert small.startswith("its square of 34")


@pytest.mark.weights
@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (skimage.data.coffee(), "no face found; .*faces.align"),
        (np.zeros((1, 3000, 3), np.uint8), "3000×1 px .*128 px"),
        (np.zeros((700, 600, 3), np.uint8), "no face found"),
        (skimage.data.astronaut()[::2, ::2], "the square around the face has 8. px, .*128 px .faces.min_size"),
    ],
)
def test_photo_without_a_face_or_with_a_tiny_one_is_refused(refused, tmp_path, predictor, pixels, said):
    path = saved(tmp_path, pixels)
    refused(f"^{path}: {said}", prepare_photo, path, AUTO, predictor, error=ItemError)
