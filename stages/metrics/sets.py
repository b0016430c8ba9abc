"""Distances between two sets of feature vectors."""

import math
from typing import NamedTuple

import numpy as np

# What is added to the name of a Fréchet distance for its null, and to that of a kernel distance for its error.
NULL, ERROR = " null", " SE"


class Null(NamedTuple):
    """Distances of two sets between which there is no difference: their mean, 5th and 95th percentile."""

    mean: float
    low: float
    high: float


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Fréchet distance between the Gaussians fitted to two sets of features; with Inception features, the FID.

    d² = |μ₁ - μ₂|² + tr S₁ + tr S₂ - 2 tr √(S₁ S₂), with unbiased covariances S. With X, Y the centred features
    over √(n-1), S₁ = XᵀX and S₂ = YᵀY, and the last trace is the nuclear norm of X Yᵀ. That is exact, needs no
    root of a singular matrix and is fast where there are fewer images than features. The estimate is biased by
    the number of samples: compare values of equal n and m only.

    Args:
        x, y: finite features (n, d) and (m, d) with n, m ≥ 2 and d ≥ 1.

    Returns:
        The squared distance, at least 0.

    Raises:
        ValueError: the features are not as above, or their d differs.

    Source: Heusel et al., "GANs trained by a two time-scale update rule …", NeurIPS 2017, equation 6.
    """
    x, y = _features(x), _features(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"features of one length are needed, not {x.shape[1]} and {y.shape[1]}")
    shift = x.mean(0) - y.mean(0)
    root_x, root_y = _covariance_root(x), _covariance_root(y)
    cross = np.linalg.svd(root_x @ root_y.T, compute_uv=False).sum()
    distance = shift @ shift + np.square(root_x).sum() + np.square(root_y).sum() - 2 * cross
    return max(0.0, float(distance))  # rounding can leave equal sets a little below 0


def frechet_null(x: np.ndarray, y: np.ndarray, *, permutations: int, seed: int) -> Null:
    """What `frechet` gives for sets of n and m samples drawn from one pool: both sets, relabelled at random.

    That is the distance that the number of samples makes alone. Where x and y are images and what became of each,
    an image and its twin may fall into one set here, so that the distance of x and y can lie below this.

    Args:
        x, y: as for `frechet`; the result depends on their samples, not on the order of these.
        permutations: how many relabellings, at least 1.
        seed: of the relabellings.

    Raises:
        ValueError: as `frechet`.
    """
    frechet(x, y)  # checks them
    pool = np.concatenate([_features(x), _features(y)])
    pool = pool[np.lexsort(pool.T)]
    # Turned into the space that the samples span: distances stay, and each relabelling costs less.
    pool = np.linalg.qr((pool - pool.mean(0)).T, mode="r").T
    rng = np.random.default_rng(seed)
    shuffled = (rng.permutation(pool) for _ in range(permutations))
    distances = [frechet(pool[: len(x)], pool[len(x) :]) for pool in shuffled]
    return Null(float(np.mean(distances)), *map(float, np.quantile(distances, (0.05, 0.95))))


def kernel_distance(x: np.ndarray, y: np.ndarray, *, paired: bool = False) -> tuple[float, float]:
    """Unbiased MMD² of two sets of features with the kernel (xᵀy/d + 1)³, and its standard error.

    With Inception features it is the KID. The mean over all subsets of any one size is this number, so no subset is
    drawn. The error is the delete-one jackknife's; the deviation over random subsets, which other tools give, is that
    of an estimate from so few.

    Args:
        x, y: finite features (n, d) and (m, d) with n, m ≥ 2.
        paired: sample k of y was made from sample k of x. The kernel of the two is then left out, which would make
            the estimate too small, and the jackknife leaves out both.

    Returns:
        The distance, which may lie below 0 because it is unbiased; its error, nan if n or m is below 3.

    Raises:
        ValueError: the features are not as above, their d differs, or paired sets differ in size.

    Source: Bińkowski, Sutherland, Arbel and Gretton, "Demystifying MMD GANs", ICLR 2018, section 4; Gretton et al., "A
    kernel two-sample test", JMLR 13, 2012, lemma 6; Efron and Stein, "The jackknife estimate of variance", 1981.
    """
    x, y = _features(x), _features(y)
    n, m = len(x), len(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"features of one length are needed, not {x.shape[1]} and {y.shape[1]}")
    if paired and n != m:
        raise ValueError(f"paired sets of one size are needed, not {n} and {m}")
    xx, yy, xy = _cubic_kernel(x, x), _cubic_kernel(y, y), _cubic_kernel(x, y)
    for kernel in (xx, yy, xy) if paired else (xx, yy):
        np.fill_diagonal(kernel, 0)
    of_x, of_y, x_to_y, y_to_x = xx.sum(1), yy.sum(1), xy.sum(1), xy.sum(0)
    sums = of_x.sum(), of_y.sum(), x_to_y.sum()

    def estimate(n: int, m: int, xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> np.ndarray:
        return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * (n - 1) if paired else n * m)

    distance = float(estimate(n, m, *sums))
    if min(n, m) < 3:
        return distance, math.nan
    without_x = sums[0] - 2 * of_x, sums[1], sums[2] - x_to_y
    without_y = sums[0], sums[1] - 2 * of_y, sums[2] - y_to_x
    if paired:
        variance = _jackknife(estimate(n - 1, m - 1, without_x[0], without_y[1], sums[2] - x_to_y - y_to_x))
    else:
        variance = _jackknife(estimate(n - 1, m, *without_x)) + _jackknife(estimate(n, m - 1, *without_y))
    return distance, math.sqrt(variance)


def _cubic_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _jackknife(estimates: np.ndarray) -> float:
    """Variance of an estimate from those without one sample each."""
    return float((len(estimates) - 1) * estimates.var())


def _features(features: np.ndarray) -> np.ndarray:
    """The features as float64 (n, d), or ValueError."""
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or features.shape[0] < 2 or features.shape[1] < 1:
        raise ValueError(f"features (n, d) of at least 2 samples are needed, not {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError("features must be finite")
    return features


def _covariance_root(features: np.ndarray) -> np.ndarray:
    """A matrix R (min(n, d), d) with RᵀR the covariance of the features (n, d).

    The triangular factor of many samples takes their place: singular values don't change under rotations.
    """
    samples, length = features.shape
    root = (features - features.mean(0)) / math.sqrt(samples - 1)
    return np.linalg.qr(root, mode="r") if samples > length else root
