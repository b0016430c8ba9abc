"""Photos: brought to one form, or refused with what to do."""

import io

import numpy as np
import pytest
from PIL import Image

from stages.errors import ItemError
from stages.faces import prepare_photo
from stages.files import png_bytes

MIN_SIZE = 512


def photo(width, height):
    """Content of a photo that is dark at the left and bright at the right."""
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    return png_bytes(Image.fromarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)).copy()))


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"Dear diary\n", "replace or remove"),
        (photo(600, 600)[:700], "replace or remove"),
        (photo(300, 300), "300 px .*512 px .*faces.min_size"),
        (photo(1024, 768), "1024×768 px is not square; align"),
    ],
)
def test_photo_that_cannot_be_used_is_named_with_a_remedy(refused, tmp_path, content, remedy):
    path = tmp_path / "zoe.png"
    path.write_bytes(content)
    refused(f"^{path}: .*{remedy}", prepare_photo, path, MIN_SIZE, error=ItemError)


@pytest.mark.parametrize("size", [512, 1024, 2048])
def test_photo_becomes_an_image_of_1024_px(tmp_path, size):
    path = tmp_path / "zoe.png"
    path.write_bytes(photo(size, size))
    image = Image.open(io.BytesIO(prepare_photo(path, MIN_SIZE)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (1024, 1024))
    ramp = np.linspace(0, 255, 1024)[None, :, None]
    np.testing.assert_allclose(np.asarray(image, float), np.broadcast_to(ramp, (1024, 1024, 3)), atol=1.5)


def test_photo_of_1024_px_keeps_its_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    path = tmp_path / "zoe.png"
    path.write_bytes(png_bytes(Image.fromarray(pixels)))
    np.testing.assert_array_equal(Image.open(io.BytesIO(prepare_photo(path, MIN_SIZE))), pixels)
