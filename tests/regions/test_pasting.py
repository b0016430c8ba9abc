"""Pasting a region: copied pixels are the reference's, cloned ones follow its gradients and the image's border."""

import numpy as np
import pytest

from stages.regions.pair import shown
from stages.regions.pasting import cloned, copied, recolour, soft_blend, without_foreground


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    return [random.integers(60, 180, (128, 128, 3), dtype=np.uint8) for _ in range(2)]


def square(low=20, high=44, size=64):
    mask = np.zeros((size, size), bool)
    mask[low:high, low:high] = True
    return mask


def test_shown_is_where_both_maps_have_it():
    target, own = np.array([[1, 2, 2, 3]]), np.array([[2, 2, 3, 3]])
    assert shown(target, own, {2, 3}).tolist() == [[False, True, True, True]]
    assert shown(target, own, frozenset()).tolist() == [[False] * 4]


def test_copy_takes_the_pixels_and_leaves_the_rest(images):
    image, reference = images
    before = image.copy()
    pasted = copied(image, reference, square())
    assert (pasted[40:88, 40:88] == reference[40:88, 40:88]).all()
    inside = square(40, 88, 128)
    assert (pasted[~inside] == image[~inside]).all()
    assert (image == before).all()


@pytest.mark.parametrize("paste", [copied, cloned])
@pytest.mark.parametrize("mask", [square(), square(0, 64), square(0, 0)], ids=["inside", "whole frame", "empty"])
def test_the_image_itself_pasted_changes_nothing(images, paste, mask):
    """To one grey level for the clone, which solves in float and rounds."""
    image, _ = images
    error = np.abs(paste(image, image, mask).astype(int) - image)
    assert error.max() <= (1 if paste is cloned else 0)


def test_a_clone_takes_gradients_not_brightness():
    """A reference that is the image and 40 levels more clones to the image; and nothing outside changes."""
    rows, columns = np.mgrid[:128, :128]
    image = np.stack([60 + rows // 2, 60 + columns // 2, 90 + (rows + columns) // 8], -1).astype(np.uint8)
    mask = square()
    pasted = cloned(image, image + 40, mask)
    assert np.abs(pasted.astype(int) - image).max() <= 2
    assert (pasted[:40] == image[:40]).all()


@pytest.mark.parametrize("where", [(0, 20), (44, 64)], ids=["top left", "bottom right"])
def test_a_region_at_the_frame_stays_in_its_place(where):
    """A bright spot of the reference lies where it lay, though the mask touches the frame."""
    image = np.full((128, 128, 3), 100, np.uint8)
    reference = image.copy()
    spot = slice(2 * where[0] + 14, 2 * where[0] + 22)
    reference[spot, spot] = 200
    pasted = cloned(image, reference, square(*where))
    bright = np.argwhere(pasted[..., 0] > 150)
    assert bright.min() >= spot.start - 1 and bright.max() <= spot.stop
    assert pasted[spot.start + 3, spot.start + 3, 0] > 180


def test_what_does_not_fit_is_refused(images, refused):
    image, reference = images
    for paste in (copied, cloned):
        refused("differ in size", paste, image, reference[:64], square(), error=ValueError)


def test_a_map_may_be_larger_than_the_images(images):
    image, reference = images
    small, large = square(10, 22, 32), square(160, 352, 512)
    assert (copied(image, reference, large) == copied(image, reference, small)).all()


def test_matched_colours_are_those_of_the_reference(images):
    """A bijection of grey levels is undone: the histograms are equal then, and the order of the pixels decides."""
    image, _ = images
    brighter = image + 40
    mask = square()
    result = recolour(image, mask, brighter, mask)
    assert (result[40:88, 40:88] == brighter[40:88, 40:88]).all()
    inside = square(40, 88, 128)
    assert (result[~inside] == image[~inside]).all()
    shifted = recolour(image, mask, np.roll(brighter, 20, 0), np.roll(mask, 10, 0))
    assert (shifted == result).all(), "where the reference has it does not matter"


def test_what_stood_in_front_is_filled_from_around():
    """A grey scene with a bright square: only it and its margin change, to grey (OpenCV rounds by up to 3 levels)."""
    image = np.full((128, 128, 3), 90, np.uint8)
    image[40:80, 40:80] = (250, 10, 10)
    image[:20] = np.random.default_rng(0).integers(0, 256, (20, 128, 3), dtype=np.uint8)
    foreground = np.zeros((64, 64), bool)
    foreground[20:40, 20:40] = True
    filled = without_foreground(image, foreground, margin=3)
    touched = np.zeros((128, 128), bool)
    touched[34:86, 34:86] = True
    assert (filled[~touched] == image[~touched]).all()
    assert np.abs(filled[touched].astype(int) - 90).max() <= 3


def test_a_soft_border_blends_and_leaves_the_rest():
    image, behind = np.full((64, 64, 3), 200, np.uint8), np.full((64, 64, 3), 100, np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[:, 16:] = True
    blended = soft_blend(image, behind, mask, sigma=1.5)[32, :, 0]
    assert (blended[:20] == 100).all() and (blended[-20:] == 200).all()
    assert (np.diff(blended.astype(int)) >= 0).all() and 145 < blended[31:33].mean() < 155
