"""The Fréchet distance against its definition by a matrix root, closed forms, and its properties."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from stages.metrics.sets import frechet

seeds = st.integers(0, 2**32 - 1)
light = settings(max_examples=25, deadline=None)


def draw(seed: int, samples: int, length: int) -> np.ndarray:
    """Correlated features away from the origin."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, length)) @ rng.normal(size=(length, length)) + rng.normal(size=length)


def frechet_by_sqrtm(x: np.ndarray, y: np.ndarray) -> float:
    s1, s2 = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (x, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of singular matrices
        root = sqrtm(s1 @ s2).real
    return np.square(x.mean(0) - y.mean(0)).sum() + np.trace(s1 + s2 - 2 * root)


@light
@given(seed=seeds, n=st.integers(20, 40), m=st.integers(20, 40), d=st.integers(1, 10))
def test_agrees_with_the_matrix_root(seed: int, n: int, m: int, d: int) -> None:
    x, y = draw(seed, n, d), draw(seed + 1, m, d)
    # Covariances of full rank; the root of their product still loses half the digits of its small eigenvalues.
    assert frechet(x, y) == pytest.approx(frechet_by_sqrtm(x, y), rel=1e-6, abs=1e-6)


@light
@given(seed=seeds, n=st.integers(2, 8), m=st.integers(2, 8))
def test_agrees_with_the_matrix_root_when_samples_are_few(seed: int, n: int, m: int) -> None:
    x, y = draw(seed, n, 12), draw(seed + 1, m, 12)
    # Singular covariances: an eigenvalue 0 computed as 1e-14 has a root of 1e-7, for each of 12 dimensions.
    assert frechet(x, y) == pytest.approx(frechet_by_sqrtm(x, y), rel=1e-4)


@light
@given(seed=seeds)
def test_one_dimension_by_hand(seed: int) -> None:
    x, y = draw(seed, 9, 1), draw(seed + 1, 7, 1)
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert frechet(x, y) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@light
@given(seed=seeds, n=st.sampled_from([2, 5, 30]))
def test_shift_adds_its_squared_length(seed: int, n: int) -> None:
    x = draw(seed, n, 6)
    shift = np.random.default_rng(seed + 1).normal(size=6)
    assert frechet(x, x + shift) == pytest.approx(shift @ shift, rel=1e-9, abs=1e-9)


@light
@given(seed=seeds, n=st.sampled_from([2, 5, 30]), factor=st.floats(0, 3))
def test_spread_by_a_factor(seed: int, n: int, factor: float) -> None:
    x = draw(seed, n, 6)
    x -= x.mean(0)
    variance = x.var(0, ddof=1).sum()
    assert frechet(x, factor * x) == pytest.approx((1 - factor) ** 2 * variance, rel=1e-9, abs=1e-9 * variance)


@light
@given(seed=seeds, n=st.sampled_from([2, 5, 30]))
def test_equal_sets_are_at_distance_0(seed: int, n: int) -> None:
    x = draw(seed, n, 6)
    distance = frechet(x, x.copy())
    assert 0 <= distance <= 1e-9 * x.var(0).sum()


@light
@given(seed=seeds, n=st.sampled_from([2, 5, 30]), m=st.sampled_from([2, 5, 30]))
def test_symmetric_and_independent_of_order_and_rotation(seed: int, n: int, m: int) -> None:
    x, y = draw(seed, n, 6), draw(seed + 1, m, 6)
    rng = np.random.default_rng(seed + 2)
    rotation, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    distance = pytest.approx(frechet(x, y), rel=1e-9, abs=1e-9)
    assert frechet(y, x) == distance
    assert frechet(rng.permutation(x), rng.permutation(y)) == distance
    assert frechet(x @ rotation, y @ rotation) == distance


def test_single_precision_is_computed_in_double() -> None:
    x, y = (draw(seed, 5, 6).astype(np.float32) for seed in (0, 1))
    assert frechet(x, y) == frechet(x.astype(np.float64), y.astype(np.float64))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 6)), "at least 2"),
        (np.zeros((0, 6)), "at least 2"),
        (np.zeros((5, 0)), "features"),
        (np.zeros(6), "features"),
        (np.zeros((5, 7)), "one length"),
        (np.full((5, 6), math.nan), "finite"),
        (np.full((5, 6), math.inf), "finite"),
    ],
)
def test_wrong_features_are_refused(wrong: np.ndarray, message: str) -> None:
    x = draw(0, 5, 6)
    with pytest.raises(ValueError, match=message):
        frechet(x, wrong)
    with pytest.raises(ValueError, match=message):
        frechet(wrong, x)
