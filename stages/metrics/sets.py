"""Distances between two sets of feature vectors."""

import math

import numpy as np


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
