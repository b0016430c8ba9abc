"""From a square back into its photo: what was cut out lies where it was, whatever its turn and size."""

import numpy as np
import pytest
from scipy import ndimage

from stages.photos.crop import Crop, warp
from stages.photos.way_back import Window, cut_share

SMOOTH = ndimage.gaussian_filter(np.random.default_rng(0).uniform(0, 255, (300, 400, 3)), (9, 9, 0))
SMOOTH = ((SMOOTH - SMOOTH.min()) * 255 / np.ptp(SMOOTH)).astype(np.uint8)


def turned(degrees, size, x=200.0, y=150.0):
    angle = np.radians(degrees)
    return Crop(np.array([x, y]), np.array([np.cos(angle), np.sin(angle)]) * size / 2)


@pytest.mark.parametrize("degrees", [0, 7, -31, 90, 163])
@pytest.mark.parametrize("size", [60.0, 128.3, 180.0])  # smaller and larger than the square's 128 px
def test_there_and_back_is_the_photo(degrees, size):
    crop = turned(degrees, size)
    window = Window.of(crop, 400, 300)
    inside = ndimage.binary_erosion(window.area(), iterations=3)
    difference = np.abs(window.image(warp(SMOOTH, crop, 128)).astype(float) - window.cut(SMOOTH))[inside]
    assert difference.mean() < 1 and np.percentile(difference, 99) < 4
    assert window.area().sum() == pytest.approx(size**2, rel=0.03)


def test_a_mark_comes_back_to_its_place():
    """A square of 20 px at a known place of the photo, seen through a turned crop: half a pixel at most off."""
    photo = np.zeros((300, 400, 3), np.uint8)
    photo[140:160, 210:230] = 255
    crop = turned(33, 150)
    window = Window.of(crop, 400, 300)
    back = window.mask(warp(photo, crop, 1024)[..., 0] > 127)
    place = np.argwhere(back) + np.array([window.y, window.x])
    np.testing.assert_allclose(place.mean(0), (149.5, 219.5), atol=0.5)
    assert len(place) == pytest.approx(400, rel=0.1)


def test_a_square_beyond_the_photos_border_has_a_window_inside():
    window = Window.of(turned(10, 200, 20, 20), 400, 300)
    assert (window.x, window.y) == (0, 0) and window.cut(SMOOTH).shape == window.image(SMOOTH[:128, :128]).shape
    assert Window.of(turned(0, 100, -200, 20), 400, 300) is None


def test_the_share_of_the_edge_where_hair_is_cut():
    below = np.zeros((64, 64), bool)
    below[-8:] = True  # hair that leaves the square at its lower side
    assert cut_share(turned(0, 100), 400, 300, below) == pytest.approx((64 + 14) / 252, abs=0.01)
    at_the_end = turned(0, 100, 200, 300 - 50.5)  # the photo ends there too: nothing is cut, but at the sides
    assert cut_share(at_the_end, 400, 300, below) == pytest.approx(14 / (252 - 64), abs=0.01)
    assert cut_share(Crop.whole(300), 300, 300, ~np.zeros_like(below)) == 0, "the square is the whole photo"
    assert cut_share(turned(20, 100), 400, 300, ~below | below) == 1
