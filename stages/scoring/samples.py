"""Sets of feature vectors, checked."""

import math
from typing import cast

import numpy as np


def checked_features(features: np.ndarray) -> np.ndarray:
    """The features as float64 (n, d), n ≥ 2; raises ValueError if they are not such, or not finite."""
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or features.shape[0] < 2 or features.shape[1] < 1:
        raise ValueError(f"features (n, d) of at least 2 samples are needed, not {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError("features must be finite")
    return features


def covariance_root(features: np.ndarray) -> np.ndarray:
    """A matrix R (min(n, d), d) with RᵀR the covariance of the features (n, d).

    The triangular factor of many samples takes their place: singular values don't change under rotations.
    """
    samples, length = features.shape
    root: np.ndarray = (features - features.mean(0)) / math.sqrt(samples - 1)
    return triangular_factor(root) if samples > length else root


def triangular_factor(matrix: np.ndarray) -> np.ndarray:
    """The R of the QR decomposition of a matrix (n, d); (min(n, d), d)."""
    return cast("np.ndarray", np.linalg.qr(matrix, mode="r"))  # numpy's types have the default mode only
