"""Statistics of a generator's W space: its mean, and the principal components that II2S whitens it by."""

import torch
from torch import Tensor

from stages.nets.interfaces import Generator

LEAKY_SLOPE = 5.0  # inverts the last leaky ReLU (slope 0.2) of the mapping network
SAMPLES = 200_000
SEED = 0
CHUNK = 10_000


def principal_components(generator: Generator) -> dict[str, Tensor]:
    """Mean of W, and mean, components (rows) and standard deviations of the PCA of LeakyReLU₅(w) (Zhu et al. 2020).

    200,000 seeded samples; the first ten components agree with Barbershop's published PCA of a million samples.
    `generator` maps z (B, 512) to w by its `map`.
    """
    # One thread: how many there are decides the order of sums, and small eigenvalues' vectors show it.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _principal_components(generator)
    finally:
        torch.set_num_threads(threads)


def _principal_components(generator: Generator) -> dict[str, Tensor]:
    gaussian = torch.Generator().manual_seed(SEED)
    total, total_v = torch.zeros(512, dtype=torch.float64), torch.zeros(512, dtype=torch.float64)
    square_v = torch.zeros(512, 512, dtype=torch.float64)
    for _ in range(0, SAMPLES, CHUNK):
        w = generator.map(torch.randn(CHUNK, 512, generator=gaussian))
        v = torch.nn.functional.leaky_relu(w, LEAKY_SLOPE).double()
        total, total_v = total + w.double().sum(0), total_v + v.sum(0)
        square_v += v.T @ v
    mean_v = total_v / SAMPLES
    values, vectors = torch.linalg.eigh(square_v / SAMPLES - mean_v.outer(mean_v))
    order = values.argsort(descending=True)
    components = vectors[:, order].T
    # The sign of a component is arbitrary: make its largest entry positive.
    components = components * components.gather(1, components.abs().argmax(1, keepdim=True)).sign()
    return {
        "mean_w": (total / SAMPLES).float(),
        "pca_mean": mean_v.float(),
        "pca_components": components.float(),
        "pca_stdev": values[order].clamp_min(0).sqrt().float(),
    }
