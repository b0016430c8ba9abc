"""The shade that visible skin foretells: planted planes, what lies off them, and what too little skin says."""

import numpy as np
import pytest

from stages.regions.skin import GRID, cell_means, shade

ROWS, COLUMNS = np.mgrid[:GRID, :GRID] / GRID
FACE = np.hypot(ROWS - 0.55, COLUMNS - 0.5) < 0.3
FOREHEAD = FACE & (ROWS < 0.4)


def lit(down: float, right: float) -> np.ndarray:
    """Skin whose lightness changes by so much over the image, and half as much in b*; (GRID, GRID, 3) in L*a*b*."""
    light = down * (ROWS - 0.5) + right * (COLUMNS - 0.5)
    return np.stack([50 + light, np.full_like(light, 14), 16 + light / 2], -1)


def error(colours: np.ndarray, visible: np.ndarray, truth: np.ndarray) -> float:
    """The largest distance on the forehead from what the visible skin of `colours` foretells."""
    return float(np.linalg.norm(shade(colours, visible.astype(float)) - truth, axis=-1)[FOREHEAD].max())


@pytest.mark.parametrize("light", [(0, 0), (40, 0), (0, -60), (-30, 30)])
def test_skin_goes_on_as_the_light_falls(light):
    """Within 15 % of what the mean of the visible skin misses: slopes are drawn to 0 a little."""
    skin, visible = lit(*light), FACE & ~FOREHEAD
    by_mean = np.linalg.norm(skin - skin[visible].mean(0), axis=-1)[FOREHEAD].max()
    assert error(skin, visible, skin) <= 0.15 * by_mean + 1e-9


def test_a_shadow_and_a_highlight_hardly_count():
    """A beard on a tenth of the visible skin, and a highlight: within 1 unit, where plain least squares misses 13."""
    skin, visible = lit(0, 20), FACE & ~FOREHEAD
    odd = skin.copy()
    odd[visible & (ROWS > 0.76)] -= [35, 8, 10]
    odd[np.hypot(ROWS - 0.5, COLUMNS - 0.5) < 0.04] += [40, -10, -10]
    assert error(odd, visible, skin) < 1


def test_hidden_cells_do_not_count():
    skin, visible = lit(10, 20), FACE & ~FOREHEAD
    stained = np.where(FOREHEAD[..., None], [20.0, 5, 8], skin)
    np.testing.assert_array_equal(shade(stained, visible.astype(float)), shade(skin, visible.astype(float)))


def test_a_single_cell_says_its_colour_and_no_slope():
    shares = np.zeros((GRID, GRID))
    shares[20, 16] = 0.3
    np.testing.assert_allclose(shade(lit(30, 30), shares), np.broadcast_to(lit(30, 30)[20, 16], (GRID, GRID, 3)))


@pytest.mark.parametrize("size", [64, 256])
def test_cells_are_means_under_the_mask(size):
    image = np.random.default_rng(0).random((size, size, 3))
    weights = np.random.default_rng(1).random((size, size)) * (np.arange(size) < size / 2)
    means, shares = cell_means(image, weights)
    side = size // GRID
    at = np.s_[3 * side : 4 * side, 5 * side : 6 * side]
    np.testing.assert_allclose(means[3, 5], np.average(image[at].reshape(-1, 3), axis=0, weights=weights[at].ravel()))
    assert shares[3, 5] == pytest.approx(weights[at].mean())
    assert (shares[:, GRID // 2 :] == 0).all() and (means[:, GRID // 2 :] == 0).all()
