"""FFHQ's crop: its geometry against the formulas, its pixels against what is known of them."""

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from stages.photos.crop import Crop, aligned, beyond, ffhq_crop, is_whole, share_beyond, warp


def face(left, right, mouth_left, mouth_right):
    """68 landmarks of which only eyes and corners of the mouth are set."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48], points[48], points[54] = left, right, mouth_left, mouth_right
    return points


UPRIGHT = face((100, 100), (160, 100), (110, 170), (150, 170))


def test_upright_face_by_hand():
    """4 · 60 < 3.6 · 70 = 252; the centre lies a tenth of the way from the eyes (130, 100) to the mouth (130, 170)."""
    crop = ffhq_crop(UPRIGHT)
    assert crop.size == pytest.approx(252) and crop.angle == pytest.approx(0)
    np.testing.assert_allclose(crop.centre, (130, 107))
    np.testing.assert_allclose(crop.corners, [(4, -19), (256, -19), (256, 233), (4, 233)])
    wide = ffhq_crop(face((100, 100), (200, 100), (110, 170), (190, 170)))
    assert wide.size == pytest.approx(400)


@given(st.floats(-180, 180), st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300))
def test_crop_moves_with_the_face(degrees, scale, x, y):
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = ffhq_crop(UPRIGHT @ turn.T + (x, y))
    np.testing.assert_allclose(moved.corners, ffhq_crop(UPRIGHT).corners @ turn.T + (x, y), atol=1e-6)


def test_matrix_takes_the_corners_of_the_image_to_those_of_the_square():
    crop = ffhq_crop(face((100, 110), (160, 90), (120, 180), (160, 165)))
    ends = np.array([(-0.5, -0.5), (255.5, -0.5), (255.5, 255.5), (-0.5, 255.5)])
    matrix = crop.matrix(256)
    np.testing.assert_allclose(ends @ matrix[:, :2].T + matrix[:, 2], crop.corners, atol=1e-9)
    matrix = crop.matrix(256, margin=16)
    np.testing.assert_allclose((ends + 16) @ matrix[:, :2].T + matrix[:, 2], crop.corners, atol=1e-9)


SMOOTH = ndimage.gaussian_filter(np.random.default_rng(0).uniform(0, 255, (300, 400, 3)), (9, 9, 0))
SMOOTH = ((SMOOTH - SMOOTH.min()) * 255 / np.ptp(SMOOTH)).astype(np.uint8)


@settings(max_examples=20)
@given(st.floats(-180, 180), st.floats(40, 180), st.floats(150, 250), st.floats(100, 200))
def test_pixels_are_those_of_a_spline_through_the_photo(degrees, size, x, y):
    """scipy's cubic spline, mirrored at the border alike; half and twice the size and any turn."""
    angle = np.radians(degrees)
    crop = Crop(np.array([x, y]), np.array([np.cos(angle), np.sin(angle)]) * size / 2)
    found = warp(SMOOTH, crop, 100)
    (a, b, u), (c, d, v) = crop.matrix(100)
    expected = [
        ndimage.affine_transform(SMOOTH[..., i].astype(float), [[d, c], [b, a]], (v, u), (100, 100), mode="mirror")
        for i in range(3)
    ]
    assert np.abs(found - np.moveaxis(expected, 0, 2)).max() < 6
    assert np.abs(found - np.moveaxis(expected, 0, 2)).mean() < 0.8


def test_a_large_face_is_averaged():
    """A chessboard of single pixels becomes even grey at any reduction, not a pattern of its own."""
    board = np.indices((1500, 1500)).sum(0)[..., None] % 2 * np.full(3, 255)
    for size in (300.0, 640.0, 1400.0):
        small = warp(board.astype(np.uint8), Crop(np.array([750.0, 750.0]), np.array([size / 2, 0.0])), 128)
        assert np.abs(small.astype(int) - 127).max() < 40, size
    assert np.abs(small.astype(int) - 127).mean() < 3


def test_inside_the_photo_nothing_is_made_up():
    photo = skimage.data.astronaut()
    crop = Crop(np.array([256.0, 256.0]), np.array([180.0, 20.0]))
    assert beyond(crop, 512, 512, 64) is None and share_beyond(crop, 512, 512) == 0
    np.testing.assert_array_equal(aligned(photo, crop), warp(photo, crop, 1024))


def test_beyond_the_border_it_is_mirrored_blurred_and_fades_to_the_median():
    """A square that hangs over the left border by half: the rest is the photo's own but for the blur's start."""
    photo = skimage.data.astronaut()
    crop = Crop(np.array([-0.5, 256.0]), np.array([200.0, 0.0]))
    made, plain = aligned(photo, crop).astype(float), warp(photo, crop, 1024).astype(float)
    assert share_beyond(crop, 512, 512) == pytest.approx(0.5, abs=0.01)
    outside = beyond(crop, 512, 512, 1024)
    # The padding is the 200 px that are missing and the 40 px that FFHQ looks at beyond the square.
    np.testing.assert_allclose(outside[512, [0, 512, 1023]], [200 / 240, 0, -199 / 240], atol=0.002)
    np.testing.assert_array_equal(made[:, 800:], plain[:, 800:])
    mirrored = np.corrcoef(made[:, 400:500].ravel(), plain[:, 1023 - 499 : 1023 - 399][:, ::-1].ravel())[0, 1]
    assert mirrored > 0.9
    detail = [np.abs(np.diff(image[:, 300:400], axis=0)).mean() for image in (made, plain)]
    assert detail[0] < 0.4 * detail[1]
    median = np.median(made, axis=(0, 1))
    assert np.abs(made[:, :8] - median).mean() < 0.4 * np.abs(plain[:, :8] - median).mean()
    assert np.abs(np.diff(made[:, 505:520], axis=1)).max() < 60, "no seam where the photo ends"


@pytest.mark.parametrize(
    ("moved", "grown", "degrees", "whole"),
    [
        (0, 1, 0, True),
        (0.01, 1.02, 0, True),
        (0, 1, 1, True),
        (0.05, 1, 0, False),
        (0, 1.1, 0, False),
        (0, 1, 5, False),
    ],
)
def test_an_aligned_photo_is_its_own_square(moved, grown, degrees, whole):
    angle = np.radians(degrees)
    right = np.array([np.cos(angle), np.sin(angle)]) * 256 * grown
    crop = Crop(np.full(2, 255.5 + 512 * moved), right)
    assert is_whole(crop, 512, 512) == whole
    assert not is_whole(crop, 512, 600)
