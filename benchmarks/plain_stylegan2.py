"""StyleGAN2 as a reader of its papers would write it: one modulated kernel an item, in textbook operations.

It is what `benchmarks.steps` compares with and what the tests replay optimisations on.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from stages.nets.stylegan2_net import StyleGAN2


class PlainStyleGAN2:
    """The forward pass of a `StyleGAN2` for one item, on its weights; F is the output of layer 3."""

    n_structure = 7

    def __init__(self, generator: StyleGAN2) -> None:
        self.state, self.layers = generator.state_dict(), generator.layers
        self.n_styles, self.mean_w = generator.n_styles, generator.mean_w
        self.pca_mean, self.pca_components = generator.pca_mean, generator.pca_components
        self.pca_stdev = generator.pca_stdev

    def style(self, name: str, w: Tensor) -> Tensor:
        """The style (1, C) that a convolution gets from w (1, 512)."""
        return w @ (self.state[f"{name}.modulation.weight"] / math.sqrt(512)).T + self.state[f"{name}.modulation.bias"]

    def conv(self, name: str, x: Tensor, w: Tensor, noise: int) -> Tensor:
        """A styled convolution with noise, bias and leaky ReLU."""
        kernel = self.state[f"{name}.conv.weight"][0] * self.style(f"{name}.conv", w).view(1, -1, 1, 1)
        kernel = kernel / math.sqrt(kernel[0].numel())
        kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if f"{name}.conv.blur.kernel" in self.state:
            x = functional.conv_transpose2d(x, kernel.transpose(0, 1), stride=2)
            blur = self.state[f"{name}.conv.blur.kernel"].expand(x.shape[1], 1, 4, 4)
            x = functional.conv2d(functional.pad(x, (1, 1, 1, 1)), blur, groups=x.shape[1])
        else:
            x = functional.conv2d(x, kernel, padding=1)
        x = x + self.state[f"{name}.noise.weight"] * self.state[f"noises.noise_{noise}"]
        return functional.leaky_relu(x + self.state[f"{name}.activate.bias"].view(1, -1, 1, 1), 0.2) * math.sqrt(2)

    def to_rgb(self, name: str, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
        """A layer's RGB image, added to the upsampled one of the layer before."""
        kernel = self.state[f"{name}.conv.weight"][0] * self.style(f"{name}.conv", w).view(1, -1, 1, 1)
        image = functional.conv2d(x, kernel / math.sqrt(x.shape[1])) + self.state[f"{name}.bias"]
        if skip is None:
            return image
        zeros = torch.zeros(1, 3, 2 * skip.shape[2], 2 * skip.shape[3], dtype=skip.dtype)
        zeros[..., ::2, ::2] = 1
        spread = skip.repeat_interleave(2, 2).repeat_interleave(2, 3) * zeros
        blur = self.state[f"{name}.upsample.kernel"].expand(3, 1, 4, 4)
        return image + functional.conv2d(functional.pad(spread, (2, 1, 2, 1)), blur, groups=3)

    def run(self, ws: Tensor, f: Tensor | None = None, until: int | None = None) -> Tensor:
        """The image of W+ (1, n, 512), or of F and the last rows, or F itself with `until` 3."""
        x, skip = f, None
        if f is None:
            x = self.conv("conv1", self.state["input.input"], ws[:, 0], 0)
            skip = self.to_rgb("to_rgb1", x, ws[:, 1], None)
        for layer in range(1 if f is None else 4, self.layers):
            x = self.conv(f"convs.{2 * layer - 2}", x, ws[:, 2 * layer - 1], 2 * layer - 1)
            x = self.conv(f"convs.{2 * layer - 1}", x, ws[:, 2 * layer], 2 * layer)
            skip = self.to_rgb(f"to_rgbs.{layer - 1}", x, ws[:, 2 * layer + 1], skip)
            if layer == until:
                return x
        return skip

    def synthesis(self, ws: Tensor) -> Tensor:
        """Image (1, 3, size, size) of W+."""
        return self.run(ws)

    def render(self, f: Tensor, ws: Tensor, size: int | None = None) -> Tensor:
        """Image of F and W+, at full size."""
        return self.run(ws, f)
