"""Image metrics against scikit-image, and their properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from stages.metrics.psnr import psnr
from stages.metrics.rmse import rmse
from stages.metrics.ssim import ssim
from stages.scoring.pixels import resize

METRICS = [rmse, psnr, ssim]
IDENTICAL = {rmse: 0.0, psnr: math.inf, ssim: 1.0}
BOUNDS = {rmse: (0, 1), psnr: (0, math.inf), ssim: (-1, 1)}
# Sums of some hundred float64 in another order: rounding only.
EXACT = {"rel": 1e-12, "abs": 1e-12}

seeds = st.integers(0, 2**32 - 1)
light = settings(max_examples=25, deadline=None)


def draw(seed: int, height: int = 24, width: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3))


def draw_pair(seed: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """An image and a noisy copy, so that SSIM is away from 0."""
    a = draw(seed)
    return a, np.clip(a + np.random.default_rng(seed + 1).normal(0, noise, a.shape), 0, 1)


@light
@given(seed=seeds)
def test_unmasked_metrics_agree_with_scikit_image(seed: int) -> None:
    a, b = draw_pair(seed)
    assert rmse(a, b) == pytest.approx(math.sqrt(mean_squared_error(a, b)), **EXACT)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), **EXACT)
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    assert ssim(a, b) == structural_similarity(a, b, channel_axis=-1, data_range=1, **wang)


@light
@given(seed=seeds)
def test_masked_ssim_is_scikit_images_map_under_the_mask(seed: int) -> None:
    a, b = draw_pair(seed)
    mask = np.random.default_rng(seed + 2).random(a.shape[:2])
    _, full = structural_similarity(
        a, b, channel_axis=-1, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    assert ssim(a, b, mask) == pytest.approx(np.average(full.mean(-1), weights=mask), **EXACT)


@light
@given(seed=seeds)
def test_boolean_mask_selects_pixels(seed: int) -> None:
    a, b = draw_pair(seed)
    mask = np.random.default_rng(seed + 2).random(a.shape[:2]) > 0.5
    assert rmse(a, b, mask) == pytest.approx(math.sqrt(mean_squared_error(a[mask], b[mask])), **EXACT)
    assert psnr(a, b, mask) == pytest.approx(peak_signal_noise_ratio(a[mask], b[mask], data_range=1), **EXACT)


@pytest.mark.parametrize("metric", METRICS)
class TestEveryMetric:
    @light
    @given(seed=seeds, masked=st.booleans())
    def test_identity(self, metric, seed: int, masked: bool) -> None:
        a = draw(seed)
        mask = np.random.default_rng(seed).random(a.shape[:2]) if masked else None
        assert metric(a, a.copy(), mask) == pytest.approx(IDENTICAL[metric], abs=1e-12)

    @light
    @given(seed=seeds, masked=st.booleans())
    def test_symmetry(self, metric, seed: int, masked: bool) -> None:
        a, b = draw_pair(seed)
        mask = np.random.default_rng(seed).random(a.shape[:2]) if masked else None
        assert metric(a, b, mask) == pytest.approx(metric(b, a, mask), **EXACT)

    @light
    @given(seed=seeds)
    def test_range(self, metric, seed: int) -> None:
        low, high = BOUNDS[metric]
        assert low <= metric(draw(seed), draw(seed + 1)) <= high

    @light
    @given(seed=seeds)
    def test_more_noise_is_worse(self, metric, seed: int) -> None:
        sign = 1 if metric is rmse else -1
        distances = [sign * metric(*draw_pair(seed, noise)) for noise in (0.01, 0.05, 0.25)]
        assert distances == sorted(distances)

    @light
    @given(seed=seeds, scale=st.sampled_from([5e-324, 1e-300, 0.3, 255, 1e300]))
    def test_only_the_proportions_of_weights_count(self, metric, seed: int, scale: float) -> None:
        a, b = draw_pair(seed)
        mask = np.random.default_rng(seed + 2).random(a.shape[:2]) > 0.3
        assert metric(a, b, mask * scale) == metric(a, b, mask)

    def test_pixels_outside_the_mask_do_not_count(self, metric) -> None:
        a, b = draw_pair(7)
        mask = np.zeros(a.shape[:2], bool)
        mask[:, :5] = True
        changed = b.copy()
        changed[:, 10:] = 0  # beyond the reach of the SSIM window
        assert metric(a, changed, mask) == metric(a, b, mask)
        assert metric(a, changed) != metric(a, b)

    def test_empty_mask_is_nan(self, metric) -> None:
        a, b = draw_pair(0)
        assert math.isnan(metric(a, b, np.zeros(a.shape[:2])))
        assert math.isnan(metric(a, a, np.zeros(a.shape[:2], bool)))

    def test_single_precision_is_computed_in_double(self, metric) -> None:
        a, b = (image.astype(np.float32) for image in draw_pair(0))
        assert metric(a, b) == metric(a.astype(np.float64), b.astype(np.float64))

    def test_arguments_stay_as_they_are(self, metric) -> None:
        a, b = draw_pair(0)
        mask = np.full(a.shape[:2], 3.0)
        before = a.copy(), b.copy(), mask.copy()
        metric(a, b, mask)
        for array, copy in zip((a, b, mask), before, strict=True):
            np.testing.assert_array_equal(array, copy)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (np.zeros((24, 20)), "RGB"),
            (np.zeros((24, 20, 4)), "RGB"),
            (np.zeros((3, 24, 20)), "RGB"),
            (np.zeros((0, 20, 3)), "RGB"),
            (np.zeros((20, 24, 3)), "one shape"),
            (np.zeros((24, 20, 3), np.uint8), "floating point"),
            (np.full((24, 20, 3), -0.01), r"\[0, 1\]"),
            (np.full((24, 20, 3), 1.01), r"\[0, 1\]"),
            (np.full((24, 20, 3), np.nan), r"\[0, 1\]"),
        ],
    )
    def test_wrong_images_are_refused(self, metric, wrong: np.ndarray, message: str) -> None:
        a = draw(0)
        with pytest.raises(ValueError, match=message):
            metric(a, wrong)
        with pytest.raises(ValueError, match=message):
            metric(wrong, a)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (np.ones((20, 24)), "mask"),
            (np.ones((24, 20, 1)), "mask"),
            (np.full((24, 20), -1.0), "at least 0"),
            (np.full((24, 20), np.nan), "finite"),
            (np.full((24, 20), np.inf), "finite"),
            (np.full((24, 20), "1"), "numbers"),
        ],
    )
    def test_wrong_masks_are_refused(self, metric, wrong: np.ndarray, message: str) -> None:
        a = draw(0)
        with pytest.raises(ValueError, match=message):
            metric(a, a, wrong)


def test_black_against_white() -> None:
    black, white = np.zeros((16, 16, 3)), np.ones((16, 16, 3))
    assert rmse(black, white) == 1
    assert psnr(black, white) == 0
    assert ssim(black, white) == pytest.approx(0.01**2 / (1 + 0.01**2), rel=1e-9)  # C1 / (1 + C1), by hand


@light
@given(error=st.floats(1e-6, 1))
def test_constant_error_by_hand(error: float) -> None:
    a, b = np.zeros((12, 12, 3)), np.full((12, 12, 3), error)
    assert rmse(a, b) == pytest.approx(error)
    assert psnr(a, b) == pytest.approx(-20 * math.log10(error))


def test_ssim_needs_its_window() -> None:
    with pytest.raises(ValueError, match="11x11"):
        ssim(draw(0, 10, 30), draw(1, 10, 30))
    assert math.isfinite(ssim(draw(0, 11, 11), draw(1, 11, 11)))


@light
@given(seed=seeds, size=st.integers(1, 6), block=st.integers(1, 5))
def test_resize_takes_the_mean_of_blocks(seed: int, size: int, block: int) -> None:
    image = draw(seed, size * block, size * block)
    small = resize(image, size)
    assert small.shape == (size, size, 3)
    assert small.dtype == np.float64
    for row, column in np.ndindex(size, size):
        pixels = image[row * block : (row + 1) * block, column * block : (column + 1) * block]
        np.testing.assert_allclose(small[row, column], pixels.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(small.mean((0, 1)), image.mean((0, 1)), rtol=1e-12)


@light
@given(seed=seeds)
def test_resize_of_bytes_is_resize_of_their_fractions(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
    np.testing.assert_allclose(resize(image, 4), resize(image / 255, 4), rtol=1e-12)


@pytest.mark.parametrize("image", [np.ones((21, 21, 3)), np.full((21, 21, 3), 255, np.uint8)])
def test_resize_keeps_the_range(image: np.ndarray) -> None:
    assert (resize(image, 3) == 1).all()


def test_resize_to_the_same_size_keeps_the_image() -> None:
    image = draw(0, 12, 12)
    np.testing.assert_array_equal(resize(image, 12), image)


@pytest.mark.parametrize("size", [-4, 0, 5, 24])
def test_resize_refuses_sizes_that_do_not_divide(size: int) -> None:
    with pytest.raises(ValueError, match="does not divide"):
        resize(draw(0, 12, 12), size)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((12, 24, 3)), "square"),
        (np.zeros((12, 12)), "RGB"),
        (np.zeros((12, 12, 4), np.uint8), "RGB"),
        (np.zeros((12, 12, 3), np.int64), "floating point"),
        (np.full((12, 12, 3), 2.0), r"\[0, 1\]"),
    ],
)
def test_resize_refuses_what_is_no_square_image(image: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resize(image, 4)
