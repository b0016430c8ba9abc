"""How the F of faces varies: along which channels, and over which places together. In closed form, from drawn faces.

F of faces is smooth and of few channels: between neighbours it differs little, and the strongest channel varies a
thousand times as much as a weak one. Steps that know nothing of this, orthogonal ones above all, move every channel and
every pattern alike. At 256 px that is not seen; at full size skin and hair show hatching like worm tracks. So F moves
along these axes instead, as W+ does in its whitened space.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from stages.nets.interfaces import Generator

DRAWS, SEED, TRUNCATION = 48, 0, 0.8
# Of the spread. 1: steps are as faces differ, and 256-px PSNR falls by 2 dB; 0: steps know nothing of faces.
POWER = 0.5
LEAST = 1e-3  # of the largest spread: what varies less is an estimate's noise


class Axes(NamedTuple):
    """Symmetric matrices that white noise (B, C, h, w) is multiplied by, to vary as F of faces: (C, C) and (hw, hw)."""

    channels: Tensor
    places: Tensor

    def of(self, x: Tensor) -> Tensor:
        """F-like noise of white noise, or the step in F of a step along the axes; (B, C, h, w) both."""
        along: Tensor = self.channels @ x.flatten(2) @ self.places
        return along.view(x.shape)


@torch.no_grad()
def axes_of_faces(generator: Generator, power: float = POWER) -> Axes:
    """The axes of a generator's faces, scaled so that noise of variance 1 stays so.

    The covariance of F is taken to be a product, of channels and of places: 512 and 1024 squared instead of 500,000.
    """
    gaussian = torch.Generator().manual_seed(SEED)
    z = torch.randn(DRAWS, 512, generator=gaussian).to(generator.mean_w)
    ws = torch.lerp(generator.mean_w, generator.map(z), TRUNCATION)[:, None].repeat(1, generator.n_styles, 1)
    f = torch.cat([generator.features(one[None]) for one in ws]).flatten(2)
    f = f - f.mean(0)
    spread, vectors = _spread(f.transpose(0, 1).flatten(1))
    whitened = (vectors.T @ f) / spread[:, None]
    return Axes(_root(spread, vectors, power), _root(*_spread(whitened.flatten(0, 1).T), power))


def _spread(x: Tensor) -> tuple[Tensor, Tensor]:
    """Standard deviations (n,) along the principal axes, the columns (n, n), of n variables, rows (n, samples)."""
    values, vectors = torch.linalg.eigh((x @ x.T).double() / x.shape[1])
    spread = values.clamp_min(0).sqrt()
    return spread.clamp_min(LEAST * spread[-1]).to(x.dtype), vectors.to(x.dtype)


def _root(spread: Tensor, vectors: Tensor, power: float) -> Tensor:
    root = vectors * spread**power @ vectors.T
    return root / root.square().sum(1).mean().sqrt()
