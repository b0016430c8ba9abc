"""The alpha matte: where it is 0 and 1, what it follows, and the composite that it makes."""

import numpy as np
import pytest

from stages.methods.matte import matte

RADIUS, SMOOTH = 4, 1e-4


def halves(size=128, left=20, right=220):
    """An image that is dark at the left and bright at the right."""
    image = np.full((size, size, 3), left, np.uint8)
    image[:, size // 2 :] = right
    return image


def left_of(column, size=128):
    mask = np.zeros((size, size), bool)
    mask[:, :column] = True
    return mask


def test_it_is_the_mask_away_from_its_border():
    alpha = matte(halves(), left_of(64), RADIUS, SMOOTH)
    far = 2 * RADIUS + 1  # two windows
    assert alpha.dtype == np.float32 and alpha.min() >= 0 and alpha.max() <= 1
    assert np.abs(alpha[:, : 64 - far] - 1).max() < 1e-3
    assert np.abs(alpha[:, 64 + far :]).max() < 1e-3


@pytest.mark.parametrize("column", [61, 62, 66, 67])
def test_it_follows_an_edge_of_the_image_that_the_mask_misses(column):
    """The mask's border lies 2 or 3 px beside the image's edge; the matte's largest step is on that edge."""
    alpha = matte(halves(), left_of(column), RADIUS, SMOOTH)
    assert np.abs(np.diff(alpha[64])).argmax() == 63
    alone = matte(halves(right=20), left_of(column), RADIUS, SMOOTH)
    assert np.abs(np.diff(alpha[64])).max() > 2 * np.abs(np.diff(alone[64])).max()


def test_where_the_image_has_no_edge_the_border_is_soft():
    alpha = matte(halves(right=20), left_of(64), RADIUS, SMOOTH)
    row = alpha[64]
    assert (np.diff(row) <= 1e-4).all() and ((row > 0.05) & (row < 0.95)).sum() > 2 * RADIUS


def test_the_mask_may_be_smaller_than_the_image_and_empty():
    image = halves()
    small = left_of(32, 64)
    assert np.abs(matte(image, small, RADIUS, SMOOTH) - matte(image, left_of(64), RADIUS, SMOOTH)).mean() < 0.02
    assert matte(image, np.zeros((64, 64), bool), RADIUS, SMOOTH).max() == 0
