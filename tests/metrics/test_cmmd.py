"""CMMD and FID_CLIP against closed formulas."""

import math

import numpy as np
import pytest

from stages import registry
from stages.metrics.cmmd import ENTRY, cmmd, cmmd_null, measure
from stages.metrics.frechet import ENTRY as FRECHET
from stages.metrics.frechet import frechet
from stages.scoring.features import CLIP_336, CLIP_B32, INCEPTION

rng = np.random.default_rng(0)


def plain(x, y):
    """Three means of a kernel of all pairs, by loops."""
    x, y = ([each / np.linalg.norm(each) for each in samples] for samples in (x, y))

    def mean(a, b):
        return np.mean([math.exp(-np.sum((p - q) ** 2) / 200) for p in a for q in b])

    return 1000 * (mean(x, x) + mean(y, y) - 2 * mean(x, y))


def test_is_three_means_of_the_kernel():
    x, y = rng.normal(size=(7, 5)), rng.normal(1, 1, (4, 5))
    assert cmmd(x, y) == pytest.approx(plain(x, y), rel=1e-9)
    assert cmmd(3 * x, y) == pytest.approx(plain(x, y), rel=1e-9), "length does not count"


def test_two_points_at_a_right_angle():
    """All of x at one unit vector and all of y at another: 1000 · (2 - 2 exp(-2 / 200))."""
    x, y = np.tile([1.0, 0, 0], (5, 1)), np.tile([0, 2.0, 0], (8, 1))
    assert cmmd(x, y) == pytest.approx(1000 * (2 - 2 * math.exp(-0.01)), rel=1e-9)
    assert cmmd(x, x) == pytest.approx(0, abs=1e-9)


def test_its_bias_is_that_of_the_formula():
    """The mean over all relabellings of 2n samples is (tr K - rest / (2n - 1)) · 1000 / n²; 2 % by 4000 of them."""
    x, y = rng.normal(size=(6, 3)), rng.normal(0.5, 1, (6, 3))
    pool = np.concatenate([x, y])
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    kernel = np.exp(-np.square(pool[:, None] - pool[None]).sum(-1) / 200)
    rest = kernel.sum() - np.trace(kernel)
    expected = 1000 / 36 * (np.trace(kernel) - rest / 11)
    null = cmmd_null(x, y, permutations=4000, seed=0)
    assert null.mean == pytest.approx(expected, rel=0.02)
    assert null.low < null.mean < null.high


def test_the_null_depends_on_no_order_and_the_seed():
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(9, 3))
    found = [cmmd_null(a, b, permutations=50, seed=s) for a, b, s in ((x, y, 1), (x[::-1], y[::-1], 1), (x, y, 2))]
    assert found[0] == pytest.approx(found[1]) and found[0] != found[2]


@pytest.mark.parametrize(
    ("x", "message"),
    [(np.zeros((3, 2)), "no length"), (np.ones((3, 4)), "one length"), (np.full((3, 2), np.nan), "finite")],
)
def test_wrong_features_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        cmmd(x, np.ones((3, 2)))


def test_fid_clip_of_two_gaussians():
    """Equal covariance, means apart by v: the distance is |v|², exactly."""
    x, shift = rng.normal(size=(50, 4)), np.array([0.5, 0, 1, -1])
    assert frechet(x, x + shift) == pytest.approx(shift @ shift)


def test_names_are_those_of_the_published_networks_alone():
    assert [FRECHET.title(name) for name in (INCEPTION, CLIP_B32, CLIP_336)] == [
        "FID", "FID_CLIP", "Fréchet CLIP ViT-L/14@336",
    ]  # fmt: skip
    assert [ENTRY.title(name) for name in (CLIP_336, CLIP_B32)] == ["CMMD", "CMMD on CLIP ViT-B/32"]
    kernel = registry.load("metrics", "kernel")
    for name, clip in ((CLIP_B32, True), (CLIP_336, True), (INCEPTION, False), ("unit ST-LPIPS-VGG@256", False)):
        assert (ENTRY.on(name), kernel.on(name), FRECHET.on(name)) == (clip, not clip, True)


def test_the_table_gets_it_beside_its_value_by_chance():
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(9, 3))
    value, null = measure(
        x,
        y,
        permutations=20,
        seed=0,
        images_x=[],
        images_y=[],
    )
    assert (value.suffix, null.suffix) == ("", " null") and value.value == cmmd(x, y)
    assert null.low < null.value < null.high
