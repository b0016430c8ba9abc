"""CMMD: squared maximum mean discrepancy of two sets of images by CLIP's features, with a Gaussian kernel."""

import math

import numpy as np

from stages.metrics import SetMetric, SetPart
from stages.metrics.frechet import NULL, Null
from stages.scoring.features import CLIP_336, is_clip
from stages.scoring.samples import checked_features

SIGMA, SCALE = 10.0, 1000.0  # of the published definition


def cmmd(x: np.ndarray, y: np.ndarray) -> float:
    """1000 · MMD² of two sets of features at unit length, with the kernel exp(-|a - b|² / (2 · 10²)); at least 0.

    The estimate is that of the published code: a mean over all pairs of samples, a sample with itself included. It is
    biased by the number of samples, as the Fréchet distance is: compare values of equal n and m only.

    Args:
        x, y: finite features (n, d) and (m, d) with n, m ≥ 2, none of them 0.

    Raises:
        ValueError: the features are not as above, or their d differs.

    Source: Jayasumana et al., "Rethinking FID: towards a better evaluation metric for image generation", CVPR 2024;
    Gretton et al., "A kernel two-sample test", JMLR 13, 2012, equation 5.
    """
    kernel, weights = _kernel(x, y), _weights(len(x), len(y))
    return max(0.0, SCALE * float(weights @ kernel @ weights))


def cmmd_null(x: np.ndarray, y: np.ndarray, *, permutations: int, seed: int) -> Null:
    """What `cmmd` gives for sets of n and m samples drawn from one pool: both sets, relabelled at random.

    Arguments and errors as of `stages.metrics.frechet.frechet_null`.
    """
    kernel, weights = _kernel(x, y), _weights(len(x), len(y))
    order = np.lexsort(np.concatenate([checked_features(x), checked_features(y)]).T)
    kernel = kernel[np.ix_(order, order)]
    rng = np.random.default_rng(seed)
    shuffled = (rng.permutation(weights) for _ in range(permutations))
    distances = [max(0.0, SCALE * float(each @ kernel @ each)) for each in shuffled]
    return Null(float(np.mean(distances)), *map(float, np.quantile(distances, (0.05, 0.95))))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The kernel (n + m, n + m) of all samples, at unit length."""
    x, y = checked_features(x), checked_features(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"features of one length are needed, not {x.shape[1]} and {y.shape[1]}")
    pool = np.concatenate([x, y])
    lengths = np.linalg.norm(pool, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError("features of no length have no direction")
    pool = pool / lengths
    squares = np.maximum(0, 2 - 2 * pool @ pool.T)
    kernel: np.ndarray = np.exp(-squares / (2 * SIGMA**2))
    return kernel


def _weights(n: int, m: int) -> np.ndarray:
    """w with wᵀKw = mean of K over x, plus that over y, less twice that between them."""
    return np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])


def measure(x: np.ndarray, y: np.ndarray, *, permutations: int, seed: int, **_: object) -> list[SetPart]:
    """The distance, and what it is by chance at the same numbers of images; arguments as of `cmmd_null`."""
    null = cmmd_null(x, y, permutations=permutations, seed=seed)
    return [SetPart("", cmmd(x, y)), SetPart(NULL, null.mean, null.low, null.high)]


ENTRY = SetMetric(
    direction="lower",
    range=(0, math.inf),
    source="Jayasumana et al. 2024",
    # The published number is on the larger network alone.
    title=lambda features: "CMMD" if features == CLIP_336 else f"CMMD on {features}",
    measure=measure,
    on=is_clip,
)
