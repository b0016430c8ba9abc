"""MobileStyleGAN (Belousov 2021, arXiv 2104.04767): a StyleGAN2 distilled to depthwise convolutions.

Activations are kept channels-last, (B, H, W, C): on a CPU the depthwise convolution and the pointwise
matrix product are several times faster there than in PyTorch's default layout.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.autograd import Context
from stages.nets.mixing import mixed
from stages.nets.windows import Window, needed

MAPPING_SLOPE, MAPPING_GAIN = 0.2, math.sqrt(2)
SLOPE = 0.2


class _NoiseContext(Context, Protocol):
    noise_shape: torch.Size


class _NoisyLeakyReLU(torch.autograd.Function):
    """leaky_relu(x + noise + bias, 0.2), computed in the memory of x (B, N, C); noise (B or 1, N, 1), constant bias."""

    @staticmethod
    def forward(ctx: _NoiseContext, x: Tensor, noise: Tensor, bias: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        functional.leaky_relu_(x.add_(noise).add_(bias), SLOPE)
        ctx.save_for_backward(x)
        ctx.noise_shape = noise.shape
        return x

    @staticmethod
    def backward(ctx: _NoiseContext, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        (out,) = ctx.saved_tensors  # the sign of the output is the sign of the input
        back = torch.ops.aten.leaky_relu_backward(grad, out, SLOPE, True)
        noise_grad = back.sum(2, keepdim=True).sum_to_size(ctx.noise_shape) if ctx.needs_input_grad[1] else None
        return back, noise_grad, None


class Modulation(nn.Module):
    """The affine map from one row of W+ to the scales of a layer's input channels."""

    weight: Tensor
    bias: Tensor

    def __init__(self, channels: int, gain: float) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(channels, 512))
        self.register_buffer("bias", torch.zeros(channels))
        self.gain = gain

    def forward(self, w: Tensor) -> Tensor:
        return functional.linear(w, self.weight, self.bias) * self.gain


class Activation(nn.Module):
    """Noise, bias and leaky ReLU behind a convolution, on (B, H·W, C) and in place.

    The network's own noise is stored with its strength in it, so other maps, of variance 1, take its root mean square.
    """

    noise: Tensor
    bias: Tensor

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.register_buffer("noise", torch.zeros(size, size))
        self.register_buffer("bias", torch.zeros(channels))

    def forward(self, x: Tensor, noise: Tensor | None, part: Window | None = None) -> Tensor:
        added = self.noise[None, None]
        if noise is not None:
            added = noise.to(added.dtype) * added.square().mean().sqrt()
        if part is not None:
            added = part.of(added)
        out: Tensor = _NoisyLeakyReLU.apply(x, added.reshape(len(added), -1, 1), self.bias)
        return out


class FirstConv(nn.Module):
    """The full 3×3 convolution on the learned 4×4 constant."""

    input: Tensor
    weight: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("input", torch.zeros(1, channels, 4, 4))
        self.register_buffer("weight", torch.zeros(channels, channels, 3, 3))
        self.modulation = Modulation(channels, 1 / math.sqrt(channels * 9))
        self.activation = Activation(channels, 4)

    def forward(self, w: Tensor, noise: Tensor | None = None) -> Tensor:
        x = functional.conv2d(self.input * self.modulation(w)[:, :, None, None], self.weight, padding=1)
        out: Tensor = self.activation(x.flatten(2).transpose(1, 2).contiguous(), noise).view(len(w), 4, 4, -1)
        return out


class SeparableConv(nn.Module):
    """Modulated depthwise 3×3 and pointwise convolution; demodulation is part of the stored kernel.

    Its input may be a `part` of the map. Then so is its output, in which pixels beside that part's borders are wrong.
    """

    depthwise: Tensor
    pointwise: Tensor

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__()
        self.register_buffer("depthwise", torch.zeros(channels_in, 1, 3, 3))
        self.register_buffer("pointwise", torch.zeros(channels_out, channels_in))
        self.modulation = Modulation(channels_in, 1 / math.sqrt(channels_in * 9))
        self.activation = Activation(channels_out, size)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None = None, part: Window | None = None) -> Tensor:
        batch, height, width, channels = x.shape
        x = functional.conv2d(x.permute(0, 3, 1, 2), self.depthwise, padding=1, groups=channels)
        # A depthwise convolution commutes with the scale of its channels, so the scale joins the small kernel.
        x = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        x = self.activation(_ModulatedPointwise.apply(x, self.modulation(w), self.pointwise), noise, part)
        return x.view(batch, height, width, -1)


class _InverseHaar(torch.autograd.Function):
    """Twice the inverse Haar transform, (B, H, W, 4C) as LL, LH, HL, HH to (B, 2H, 2W, C).

    The transform is orthogonal up to its factor, so the gradient is the forward transform.
    """

    @staticmethod
    def forward(ctx: Context, x: Tensor) -> Tensor:
        batch, height, width, channels = x.shape
        ll, lh, hl, hh = x.chunk(4, dim=-1)
        out = x.new_empty(batch, height, 2, width, 2, channels // 4)
        for row, (mean, difference) in enumerate([(ll + lh, hl + hh), (ll - lh, hl - hh)]):
            torch.add(mean, difference, out=out[:, :, row, :, 0])
            torch.sub(mean, difference, out=out[:, :, row, :, 1])
        return out.view(batch, 2 * height, 2 * width, channels // 4)

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> Tensor:
        batch, height, width, channels = grad.shape
        left, right = grad.reshape(batch, height // 2, 2, width // 2, 2, channels).unbind(4)
        out = grad.new_empty(batch, height // 2, width // 2, 4 * channels)
        ll, lh, hl, hh = out.chunk(4, dim=-1)
        for combined, low, high in [(left + right, ll, lh), (left - right, hl, hh)]:
            torch.add(combined[:, :, 0], combined[:, :, 1], out=low)
            torch.sub(combined[:, :, 0], combined[:, :, 1], out=high)
        return out


class _ModulatedPointwise(torch.autograd.Function):
    """(x · scale) @ kernelᵀ for x (B, N, C), scale (B, C) and a constant kernel (D, C).

    The gradient of the scale is a sum over positions, a fraction of the matrix product that the gradient of a
    whole modulated kernel would take.
    """

    @staticmethod
    def forward(ctx: Context, x: Tensor, scale: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(x, scale, kernel)
        return torch.bmm(x, (kernel * scale[:, None, :]).transpose(1, 2))

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        x, scale, kernel = ctx.saved_tensors
        back = grad @ kernel
        scale_grad = (back * x).sum(1) if ctx.needs_input_grad[1] else None
        return back.mul_(scale[:, None, :]), scale_grad, None


class Block(nn.Module):
    """Upsampling by a modulated inverse Haar transform, then two separable convolutions."""

    reach = 2  # px at its output: two kernels of 3×3; a Haar wavelet stays in its pixel

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__()
        self.up = nn.ModuleDict({"modulation": Modulation(channels_in, 0.5)})
        self.conv1 = SeparableConv(channels_in // 4, channels_out, size)
        self.conv2 = SeparableConv(channels_out, channels_out, size)

    def forward(
        self,
        x: Tensor,
        w1: Tensor,
        w2: Tensor,
        noise: Sequence[Tensor | None] = (None, None),
        part: Window | None = None,
    ) -> Tensor:
        """Features (B, 2h, 2w, C) of those before, (B, h, w, C'); `part` says which part of the output that is."""
        x = _InverseHaar.apply(x * self.up["modulation"](w1)[:, None, None, :])
        out: Tensor = self.conv2(self.conv1(x, w1, noise[0], part), w2, noise[1], part)
        return out


class ToImage(nn.Module):
    """Modulated 1×1 convolution to the four Haar bands of an RGB image of twice the size."""

    weight: Tensor
    bias: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(12, channels))
        self.register_buffer("bias", torch.zeros(12))
        self.modulation = Modulation(channels, 1 / math.sqrt(channels))

    def forward(self, x: Tensor, w: Tensor, size: int) -> Tensor:
        full = 2 * x.shape[1]
        bands = 12 if size == full else 3  # the mean of a 2×2 block is half its LL band
        image = _ModulatedPointwise.apply(x.flatten(1, 2), self.modulation(w), self.weight[:bands])
        image = (image + self.bias[:bands]).view(*x.shape[:3], bands) / 2
        if size == full:
            whole: Tensor = _InverseHaar.apply(image).permute(0, 3, 1, 2)
            return whole
        image = image.permute(0, 3, 1, 2)
        # Averaging commutes with the convolution; in front of it, at all its channels, it takes a third of the render.
        return functional.avg_pool2d(image, full // (2 * size)) if 2 * size < full else image


class MobileStyleGAN(nn.Module):
    """A `Generator` (see `stages.nets`); F is the output of block 2, which styles 0–6 shape.

    `channels` lists the width of the first convolution and of each block; seven blocks make 1024 px.
    """

    n_structure = 7
    structure_block = 2
    hidden_block = 4
    convolutions = ("first", "blocks", "to_image")
    dtype: torch.dtype | None = None  # of the convolutions, if another than the input's
    mean_w: Tensor
    pca_mean: Tensor
    pca_components: Tensor
    pca_stdev: Tensor

    def __init__(self, channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)) -> None:
        super().__init__()
        blocks = len(channels) - 1
        self.size = 2 ** (blocks + 3)
        self.n_styles = 2 * blocks + 2
        self.mapping = nn.ModuleList(nn.Linear(512, 512) for _ in range(8)).requires_grad_(False)
        self.first = FirstConv(channels[0])
        self.blocks = nn.ModuleList(Block(channels[i], channels[i + 1], 2 ** (i + 3)) for i in range(blocks))
        self.to_image = ToImage(channels[-1])
        for name, shape in {
            "mean_w": (512,),
            "pca_mean": (512,),
            "pca_components": (512, 512),
            "pca_stdev": (512,),
        }.items():
            self.register_buffer(name, torch.zeros(shape))

    def map(self, z: Tensor) -> Tensor:
        """Map z ~ N(0, 1), (B, 512), to W, (B, 512)."""
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.mapping:
            x = functional.leaky_relu(layer(x), MAPPING_SLOPE) * MAPPING_GAIN
        return x

    def features(self, ws: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Structure tensor F, (B, C, 32, 32), of W+ codes (B, ≥ 7, 512); only rows 0–6 are read.

        `noise` (B or 1, 1, h, w), of variance 1 and the sizes that `draw_noise` gives, replaces the network's own;
        all three methods that take it take all maps.
        """
        given, ws = ws.dtype, ws.to(self.dtype or ws.dtype)
        x = self.first(ws[:, 0], noise[0] if noise else None)
        x = self._through(0, self.structure_block + 1, x, ws, noise)
        return x.permute(0, 3, 1, 2).to(given)

    def render(self, f: Tensor, ws: Tensor, size: int | None = None, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Render F, (B, C, 32, 32), with W+ codes (B, n_styles, 512), of which rows 7 on are read.

        Returns (B, 3, size, size), nominally in [-1, 1] and not clamped. A `size` below the full one must
        divide it and gives exactly the area average of the full render, without computing its last step.

        Raises:
            ValueError: `size` does not divide the generator's size.
        """
        size = size or self.size
        if size > self.size or self.size % size:
            raise ValueError(f"cannot render at {size} px: the generator's {self.size} px are no multiple of it")
        x, ws = f.to(self.dtype or f.dtype).permute(0, 2, 3, 1), ws.to(self.dtype or ws.dtype)
        x = self._through(self.structure_block + 1, len(self.blocks), x, ws, noise)
        image: Tensor = self.to_image(x, ws[:, -1], size).to(f.dtype)
        return image

    def crop(self, f: Tensor, ws: Tensor, window: Window, noise: Sequence[Tensor] | None = None) -> Tensor:
        """The part of the full render that lies on a window of F's cells: (B, 3, height, width), computed alone.

        F is the whole one. Of it, and of every block's output, only what the part needs is computed; `noise` are whole
        maps too. Equal to the same part of `render`, up to rounding, gradients included.

        Raises:
            ValueError: the window is empty or leaves F.
        """
        x, ws = f.to(self.dtype or f.dtype).permute(0, 2, 3, 1), ws.to(self.dtype or ws.dtype)
        start = self.structure_block + 1
        windows = needed(window, x.shape[1], len(self.blocks) - start, Block.reach)
        x = windows[0].of(x, 1)
        for i, (of_input, of_output) in enumerate(pairwise(windows), start):
            computed = of_input.times(2)
            x = of_output.within(computed).of(self._through(i, i + 1, x, ws, noise, computed), 1)
        image: Tensor = self.to_image(x, ws[:, -1], 2 * x.shape[1]).to(f.dtype)
        return image

    def render_regions(self, f: Tensor, ws: Tensor, shares: Tensor) -> Tensor:
        """Image (B, 3, size, size) of F (B, C, 32, 32) and styles (B, K, n_styles, 512) of regions: see `Generator`."""
        given, styles = f.dtype, ws.to(self.dtype or ws.dtype).unbind(1)
        x = f.to(self.dtype or f.dtype).permute(0, 2, 3, 1)
        for i in range(self.structure_block + 1, len(self.blocks)):
            of_each = [self._through(i, i + 1, x, each, None).permute(0, 3, 1, 2) for each in styles]
            x = mixed(of_each, shares).permute(0, 2, 3, 1)
        return mixed([self.to_image(x, each[:, -1], self.size) for each in styles], shares).to(given)

    def synthesis(self, ws: Tensor, size: int | None = None, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Render W+ codes (B, n_styles, 512); as `render`."""
        return self.render(self.features(ws, noise), ws, size, noise)

    def hidden(self, ws: Tensor) -> Tensor:
        """Output (B, C, 128, 128) of block 4 for W+ codes (B, ≥ 11, 512), or of the last block if there are fewer."""
        given, ws = ws.dtype, ws.to(self.dtype or ws.dtype)
        x = self._through(0, min(self.hidden_block + 1, len(self.blocks)), self.first(ws[:, 0]), ws, None)
        return x.permute(0, 3, 1, 2).to(given)

    def _through(
        self, start: int, stop: int, x: Tensor, ws: Tensor, noise: Sequence[Tensor] | None, part: Window | None = None
    ) -> Tensor:
        for i in range(start, stop):
            maps = noise[2 * i + 1 : 2 * i + 3] if noise else (None, None)
            x = self.blocks[i](x, ws[:, 2 * i + 1], ws[:, 2 * i + 2], maps, part)
        return x

    def draw_noise(self, seed: int) -> list[Tensor]:
        """Noise maps (1, 1, h, w) from N(0, 1), on any device the same; one a batch, so no item's place counts."""
        gaussian = torch.Generator().manual_seed(seed)
        sizes = [self.first.activation.noise.shape]
        for block in self.blocks:
            assert isinstance(block, Block)
            sizes += [conv.activation.noise.shape for conv in (block.conv1, block.conv2)]
        return [torch.randn(1, 1, *size, generator=gaussian).to(self.mean_w) for size in sizes]
