"""Previews: images read off a generator's features at 128 px, for steps that need a direction and no detail."""

import torch
from torch import Tensor
from torch.nn import functional

from stages.nets.interfaces import Generator

PREVIEW_SIZE = 128  # px at which previews are compared
FADE = 0.5  # what older renders count at each fit
RIDGE = 1e-4  # share of the features' mean square


class Preview:
    """Stands in for `generator.synthesis(ws, size)` in a loop of small steps, at a fraction of its cost.

    The image is a linear function of the generator's features at 128 px, the same at every pixel. It is fitted, item by
    item, to an exact render at the first call and at every `every`-th after it; what the fit leaves over is added until
    the next one. So at these calls the preview is the exact render, and only its gradient is approximate.
    """

    def __init__(self, generator: Generator, size: int, every: int) -> None:
        self.generator, self.size, self.every = generator, size, every
        self.calls = 0
        self.squares = self.products = torch.zeros(())

    def __call__(self, ws: Tensor) -> Tensor:
        """Preview (B, 3, size, size) of W+ codes (B, n, 512)."""
        features = self.generator.hidden(ws)
        pixels = features.permute(0, 2, 3, 1).flatten(1, 2)
        factor = self.size // features.shape[-1]
        if self.calls % self.every == 0:
            with torch.no_grad():
                exact = functional.pixel_unshuffle(self.generator.synthesis(ws.detach(), self.size), factor)
                self._fit(pixels.detach(), exact.permute(0, 2, 3, 1).flatten(1, 2))
        self.calls += 1
        image = pixels @ self.slope + self.rest
        return functional.pixel_shuffle(image.transpose(1, 2).unflatten(2, features.shape[2:]), factor)

    def _fit(self, pixels: Tensor, exact: Tensor) -> None:
        """Ridge regression of the renders' pixels (B, N, 3·factor²) on the features (B, N, C) and a constant."""
        x = functional.pad(pixels, (0, 1), value=1.0)
        self.squares = FADE * self.squares + x.mT @ x
        self.products = FADE * self.products + x.mT @ exact
        ridge = RIDGE * self.squares.diagonal(dim1=1, dim2=2).mean(1)
        eye = torch.eye(x.shape[-1], device=x.device)
        # Not torch.linalg.solve: with two threads it is wrong for batches of 150 equations and more (pytorch#142815),
        # and the NaN of one item would be an error for all.
        factor, _ = torch.linalg.cholesky_ex(self.squares + ridge[:, None, None] * eye)
        fitted = torch.cholesky_solve(self.products, factor)
        self.slope = fitted[:, :-1]
        self.rest = exact - pixels @ self.slope
