"""Distances of sets of features against their definitions, closed forms, and their properties."""

import math
import warnings
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from stages.metrics.frechet import _of_parts, frechet, frechet_null
from stages.metrics.kernel import kernel_distance
from stages.statistics.images import joined

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
@pytest.mark.parametrize("distance", [frechet, kernel_distance, partial(frechet_null, permutations=1, seed=0)])
def test_wrong_features_are_refused(distance, wrong: np.ndarray, message: str) -> None:
    x = draw(0, 5, 6)
    with pytest.raises(ValueError, match=message):
        distance(x, wrong)
    with pytest.raises(ValueError, match=message):
        distance(wrong, x)


NULL = {"permutations": 40, "seed": 0}


def test_null_is_the_distance_of_relabelled_sets() -> None:
    """Two sets that are one: their distance is one of the null's. Two that differ: it is beyond."""
    x, y = draw(0, 25, 6), draw(0, 45, 6)[25:]
    null = frechet_null(x, y, permutations=200, seed=0)
    assert null.low < null.mean < null.high
    assert null.low < frechet(*np.split(np.random.default_rng(1).permutation(np.concatenate([x, y])), [25])) < null.high
    assert frechet(x, y + 5) > frechet_null(x, y + 5, **NULL).high
    pool, rng, distances = np.concatenate([x, y]), np.random.default_rng(2), []
    for _ in range(200):  # plainly, by another stream of random numbers
        order = rng.permutation(len(pool))
        distances.append(frechet_by_sqrtm(pool[order[:25]], pool[order[25:]]))
    assert null.mean == pytest.approx(np.mean(distances), rel=0.1)
    assert null.high == pytest.approx(np.quantile(distances, 0.95), rel=0.15)


@pytest.mark.parametrize(("n", "m", "length"), [(8, 40, 12), (40, 8, 12), (30, 30, 12), (6, 9, 12), (20, 60, 1)])
def test_each_relabelling_is_the_distance_of_its_sets(n: int, m: int, length: int) -> None:
    """Whichever set is larger, whether it spans the space or not, and with a feature that is the same for all.

    To 1e-7: roots of squares that are 0 are rounding errors of 1e-8.
    """
    pool = draw(0, n + m, length)
    pool -= pool.mean(0)
    order = np.random.default_rng(1).permutation(n + m)
    for each in (pool, np.c_[pool, np.zeros(n + m)]):
        expected = frechet(each[order[:n]], each[order[n:]])
        assert _of_parts(each, each.T @ each, order, n) == pytest.approx(expected, rel=1e-7)


@light
@given(seed=seeds, n=st.sampled_from([2, 5, 30]), m=st.sampled_from([2, 30]))
def test_null_depends_neither_on_the_order_nor_on_where_features_lie(seed: int, n: int, m: int) -> None:
    x, y = draw(seed, n, 6), draw(seed + 1, m, 6)
    rng = np.random.default_rng(seed + 2)
    expected = pytest.approx(frechet_null(x, y, **NULL), rel=1e-6, abs=1e-6)
    assert frechet_null(rng.permutation(x), rng.permutation(y), **NULL) == expected
    shifted = x + 3, y + 3
    assert frechet_null(*shifted, **NULL) == expected


def mmd2(x: np.ndarray, y: np.ndarray) -> float:
    """Equation 4 of Bińkowski et al. 2018, by two loops."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)


@light
@given(seed=seeds, n=st.integers(2, 8), m=st.integers(2, 8), d=st.integers(1, 10))
def test_kernel_distance_is_its_definition(seed: int, n: int, m: int, d: int) -> None:
    x, y = draw(seed, n, d), draw(seed + 1, m, d)
    assert kernel_distance(x, y)[0] == pytest.approx(mmd2(x, y), rel=1e-9, abs=1e-9)


def test_kernel_distance_is_the_mean_over_all_subsets() -> None:
    x, y = draw(0, 6, 4), draw(1, 5, 4)
    subsets = [mmd2(x[list(i)], y[list(j)]) for i in combinations(range(6), 3) for j in combinations(range(5), 3)]
    assert kernel_distance(x, y)[0] == pytest.approx(np.mean(subsets), rel=1e-9)


def apart(x: np.ndarray, y: np.ndarray, of_x: list[set[int]], of_y: list[set[int]]) -> float:
    """The distance by loops over all pairs of samples that share no image."""

    def mean(a: np.ndarray, b: np.ndarray, of_a: list[set[int]], of_b: list[set[int]]) -> float:
        terms = [
            (a[i] @ b[j] / len(a[i]) + 1) ** 3 for i in range(len(a)) for j in range(len(b)) if not of_a[i] & of_b[j]
        ]
        return float(np.mean(terms))

    return mean(x, x, of_x, of_x) + mean(y, y, of_y, of_y) - 2 * mean(x, y, of_x, of_y)


def texts(images: list[set[int]]) -> list[str]:
    return [joined(map(str, sorted(each))) for each in images]


PAIRED = [{k} for k in range(7)]
ALONE = [{10 + k} for k in range(7)]
COMPOSED = [{k, (k + 2) % 7} for k in range(7)]


@pytest.mark.parametrize("of_y", [PAIRED, ALONE, COMPOSED])
def test_distance_and_error_leave_out_samples_of_one_image(of_y: list[set[int]]) -> None:
    x, y = draw(0, 7, 4), draw(1, 7, 4)
    distance, error = kernel_distance(x, y, texts(PAIRED), texts(of_y))
    assert distance == pytest.approx(apart(x, y, PAIRED, of_y), rel=1e-9)
    estimates = []
    for image in sorted(set().union(*PAIRED, *of_y)):
        kept_x, kept_y = ([k for k, each in enumerate(of) if image not in each] for of in (PAIRED, of_y))
        left = x[kept_x], y[kept_y], [PAIRED[k] for k in kept_x], [of_y[k] for k in kept_y]
        estimates.append(apart(*left))
    assert error == pytest.approx(math.sqrt((len(estimates) - 1) * np.var(estimates)), rel=1e-9)


def test_without_images_each_sample_is_one() -> None:
    x, y = draw(0, 7, 4), draw(1, 7, 4)
    assert kernel_distance(x, y, texts(PAIRED), texts(ALONE)) == pytest.approx(kernel_distance(x, y))


def test_composites_of_the_sources_are_at_no_distance_under_the_null() -> None:
    """Each composite mixes two of 12 sources; both sets are standard normal. The mean of 300 is 0 within two errors.

    The errors' mean is no smaller than the deviation of the distances.
    """
    rng = np.random.default_rng(0)
    images = [{k} for k in range(12)]
    pairs = [{k, (k + step) % 12} for k in range(12) for step in (1, 5)]
    found = []
    for _ in range(300):
        x = rng.normal(size=(12, 4))
        y = np.stack([(x[a] + x[b]) / np.sqrt(2) for a, b in map(sorted, pairs)])
        found.append(kernel_distance(x, y, texts(images), texts(pairs)))
        blind = kernel_distance(x, y)[0]
        found[-1] = (*found[-1], blind)
    distances, errors, blinds = np.transpose(found)
    assert abs(distances.mean()) < 2 * distances.std() / math.sqrt(300)
    assert errors.mean() > distances.std()
    assert abs(blinds.mean()) > 5 * blinds.std() / math.sqrt(300), "shared images would bias it"


def test_one_image_in_everything_leaves_nothing_to_compare() -> None:
    x, y = draw(0, 3, 4), draw(1, 3, 4)
    assert all(map(math.isnan, kernel_distance(x, y, ["a", "b", "c"], ["a/b", "a/c", "a/b/c"])))


def test_error_is_the_spread_of_estimates_and_none_is_biased() -> None:
    """400 draws of 30 and 20 samples: the mean is that of far larger sets, the errors' mean is their deviation."""
    rng = np.random.default_rng(0)

    def sets(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(n, 4)), rng.normal(size=(m, 4)) * 1.2 + 0.7

    distances, errors = np.transpose([kernel_distance(*sets(30, 20)) for _ in range(400)])
    truth = kernel_distance(*sets(3000, 3000))[0]
    assert distances.mean() == pytest.approx(truth, abs=3 * distances.std() / 20)
    assert errors.mean() == pytest.approx(distances.std(), rel=0.15)


def test_sets_of_the_same_images_that_are_equal_are_at_distance_0_and_twins_add_no_bias() -> None:
    x, names = draw(0, 9, 6), [f"{k}" for k in range(9)]
    assert kernel_distance(x, x, names, names) == pytest.approx((0, 0), abs=1e-9)
    assert kernel_distance(x, x)[0] < -1, "without pairing the twins' kernels make the estimate too small"
    rng, distances = np.random.default_rng(1), []
    for _ in range(400):
        x = rng.normal(size=(9, 4))
        distances.append(kernel_distance(x, np.sqrt(0.5) * (x + rng.normal(size=x.shape)), names, names)[0])
    assert np.mean(distances) == pytest.approx(0, abs=3 * np.std(distances) / 20), "both are standard normal"


@light
@given(seed=seeds, n=st.sampled_from([2, 3, 30]), m=st.sampled_from([2, 3, 30]))
def test_kernel_distance_is_symmetric_and_independent_of_order_and_rotation(seed: int, n: int, m: int) -> None:
    x, y = draw(seed, n, 6), draw(seed + 1, m, 6)
    rng = np.random.default_rng(seed + 2)
    rotation, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    distance = pytest.approx(kernel_distance(x, y), rel=1e-9, abs=1e-9, nan_ok=True)
    assert kernel_distance(y, x) == distance
    assert kernel_distance(rng.permutation(x), rng.permutation(y)) == distance
    assert kernel_distance(x @ rotation, y @ rotation) == distance


def test_kernel_distance_refuses_images_of_other_numbers() -> None:
    with pytest.raises(ValueError, match="images of 5 and 4 samples"):
        kernel_distance(draw(0, 5, 6), draw(1, 4, 6), ["a"], ["b"] * 4)
