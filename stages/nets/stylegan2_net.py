"""StyleGAN2, configuration f (Karras et al. 2020, arXiv 1912.04958), in the layout of the public PyTorch checkpoints.

Written from the paper's formulas and the key names of a checkpoint; plain PyTorch, so it runs on a CPU. All weights
are constants: a style scales the input channels of a convolution and a demodulation factor its output channels,
which is one ordinary convolution for a whole batch, and its gradient never forms that of a kernel.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.autograd import Context

STYLE = 512
SLOPE, GAIN = 0.2, math.sqrt(2)  # of every leaky ReLU
MAPPING_RATE = 0.01  # the checkpoint's mapping weights are stored divided by it
EPSILON = 1e-8
FIR = (1.0, 3.0, 3.0, 1.0)


def channels_of(size: int, multiplier: int = 2) -> int:
    """Channels of the layers at size × size pixels; `multiplier` widens those of 64 px and more."""
    return min(512, 16384 * multiplier // size)


def size_of_state(state: Mapping[str, Tensor]) -> int:
    """Image size of the generator whose `g_ema` state dict this is.

    Raises:
        ValueError: the state dict has no noise maps of a generator's sizes, so it is of another network.
    """
    sizes = [tensor.shape[-1] for key, tensor in state.items() if key.startswith("noises.") and tensor.dim()]
    if not sizes or max(sizes) not in (2**power for power in range(3, 11)):
        raise ValueError("no StyleGAN2 generator: the state dict has no noises.noise_0 and so on up to 1024 px")
    return max(sizes)


class Constants(nn.Module):
    """A named group of tensors, so that their keys are those of the checkpoint."""

    def __init__(self, **tensors: Tensor) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Tensor: ...


def show_as_in_checkpoint(conv: nn.Module, transposed: bool = False) -> None:
    """Show a module's kernel in its state dict as (1, C_out, C_in, k, k), the checkpoint's shape.

    Held as (C_out, C_in, k, k), or `transposed` as (C_in, C_out, k, k) for a transposed convolution, it can be laid
    out channels-last, as `stages.nets` does, and needs no copy in a step.
    """

    def turned(kernel: Tensor) -> Tensor:
        return kernel.transpose(0, 1) if transposed else kernel

    def saved(_: nn.Module, state: dict[str, Tensor], prefix: str, __: object) -> None:
        state[f"{prefix}weight"] = turned(state[f"{prefix}weight"])[None]

    def loaded(_: nn.Module, state: dict[str, Tensor], prefix: str, *__: object) -> None:
        if f"{prefix}weight" in state:
            state[f"{prefix}weight"] = turned(state[f"{prefix}weight"][0])

    conv.register_state_dict_post_hook(saved)
    conv.register_load_state_dict_pre_hook(loaded)


class Linear(nn.Module):
    """(w · Wᵀ/√512 + b) times `rate`."""

    weight: Tensor
    bias: Tensor

    def __init__(self, channels: int, rate: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(channels, STYLE))
        self.register_buffer("bias", torch.zeros(channels))
        self.rate = rate

    def forward(self, w: Tensor) -> Tensor:
        return functional.linear(w, self.weight * (self.rate / math.sqrt(STYLE)), self.bias * self.rate)


def fir_kernel() -> Tensor:
    """The 4×4 filter behind every doubling of the size; its sum is 4, as three of four pixels were zeros."""
    row = torch.tensor(FIR)
    return torch.outer(row, row) / (row.sum() / 2) ** 2


class _StyledConv(torch.autograd.Function):
    """leaky_relu(conv(x · style) · demodulation + noise + bias), up-sampled and filtered if there is a filter `fir`.

    Everything behind the convolution happens in its memory, and only x and the result are kept for the gradients
    of x, style, demodulation and noise (B or 1, 1, h, w); the rest is constant. All that has pixels is of the type of
    x and the kernel, which may be bfloat16; what is summed over pixels is summed in float32.
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Tensor,
        style: Tensor,
        demodulation: Tensor,
        weight: Tensor,
        fir: Tensor | None,
        noise: Tensor,
        bias: Tensor,
    ) -> Tensor:
        out = x * style.to(x.dtype)[:, :, None, None]
        if fir is None:
            out = functional.conv2d(out, weight, padding=1)
        else:
            out = filtered(functional.conv_transpose2d(out, weight, stride=2), fir, padding=1)
        out.mul_(demodulation.to(x.dtype)[:, :, None, None]).add_(noise.to(x.dtype)).add_(
            bias.to(x.dtype)[:, None, None]
        )
        functional.leaky_relu_(out, SLOPE)
        ctx.save_for_backward(x, style, demodulation, weight, fir, noise, bias, out)
        return out

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, style, demodulation, weight, fir, noise, bias, out = ctx.saved_tensors
        # With p what enters the leaky ReLU and g its gradient: g · p = grad · out, and conv · demodulation is
        # p − noise − bias. Memory is used again where it can be: new memory costs more than the arithmetic.
        memory = grad * out
        total = memory.sum((2, 3), dtype=style.dtype)
        g = torch.ops.aten.leaky_relu_backward(grad, out, SLOPE, True, grad_input=memory)
        noise_grad = None
        if ctx.needs_input_grad[5]:
            noise_grad = g.sum(1, keepdim=True, dtype=noise.dtype).sum_to_size(noise.shape)
        weights = torch.stack([noise.flatten(1), torch.ones_like(noise).flatten(1)], 1).to(g.dtype)
        at_noise, at_bias = (weights @ g.permute(0, 2, 3, 1).flatten(1, 2)).unbind(1)
        demodulation_grad = (total - at_noise - at_bias * bias) / demodulation
        g.mul_(demodulation.to(g.dtype)[:, :, None, None])
        if fir is None:
            back = functional.conv_transpose2d(g, weight, padding=1)
            style_grad = torch.mul(back, x, out=memory).sum((2, 3), dtype=style.dtype)
        else:
            back = functional.conv2d(filtered(g, fir.flip(0, 1), padding=2), weight, stride=2)
            style_grad = (back * x).sum((2, 3), dtype=style.dtype)
        x_grad = back.mul_(style.to(x.dtype)[:, :, None, None]) if ctx.needs_input_grad[0] else None
        return x_grad, style_grad, demodulation_grad, None, None, noise_grad, None


def filtered(x: Tensor, kernel: Tensor, padding: int) -> Tensor:
    """Correlate every channel with a 4×4 kernel, in its type: a CPU is slow at bfloat16 in depthwise convolutions."""
    filters = kernel.expand(x.shape[1], 1, 4, 4)
    return functional.conv2d(x.to(kernel.dtype), filters, padding=padding, groups=x.shape[1]).to(x.dtype)


class ModulatedConv(nn.Module):
    """The constants of a modulated 3×3 convolution, with a filter if it doubles the size."""

    weight: Tensor

    def __init__(self, channels_in: int, channels_out: int, up: bool) -> None:
        super().__init__()
        channels = (channels_in, channels_out) if up else (channels_out, channels_in)
        self.register_buffer("weight", torch.zeros(*channels, 3, 3))
        show_as_in_checkpoint(self, transposed=up)
        self.modulation = Linear(channels_in)
        self.blur = Constants(kernel=fir_kernel()) if up else None


class StyledConv(nn.Module):
    """Modulated convolution, demodulation, noise, bias and leaky ReLU."""

    def __init__(self, channels_in: int, channels_out: int, up: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(channels_in, channels_out, up)
        self.noise = Constants(weight=torch.zeros(1))
        self.activate = Constants(bias=torch.zeros(channels_out))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        conv = self.conv
        style = conv.modulation(w) / math.sqrt(9 * x.shape[1])
        squares = conv.weight.square().sum((2, 3))
        demodulation = torch.rsqrt(style.square() @ (squares if conv.blur else squares.T) + EPSILON)
        fir = conv.blur.kernel if conv.blur else None
        # The leaky ReLU's gain is that of its input, which is a sum: each of its terms takes it.
        noise, bias = noise * (self.noise.weight * GAIN), self.activate.bias * GAIN
        out: Tensor = _StyledConv.apply(x, style, demodulation * GAIN, conv.weight.to(x.dtype), fir, noise, bias)
        return out


class ConvToRGB(nn.Module):
    """The constants of a modulated 1×1 convolution to RGB."""

    weight: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(3, channels, 1, 1))
        show_as_in_checkpoint(self)
        self.modulation = Linear(channels)


class ToRGB(nn.Module):
    """Modulated 1×1 convolution to RGB, added to the upsampled image of the layer before."""

    bias: Tensor

    def __init__(self, channels: int, up: bool) -> None:
        super().__init__()
        self.register_buffer("bias", torch.zeros(1, 3, 1, 1))
        self.conv = ConvToRGB(channels)
        if up:
            self.upsample = Constants(kernel=fir_kernel())

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
        style = self.conv.modulation(w) / math.sqrt(x.shape[1])
        kernel = self.conv.weight[:, :, 0, 0] * style[:, None, :]
        # Matrix products over channels-last pixels; a convolution would leave the gradient in another layout. A product
        # for every row: the kernel's gradient, one product of a million pixels otherwise, has no other parts to share.
        image: Tensor = x.permute(0, 2, 3, 1) @ kernel.transpose(1, 2).to(x.dtype)[:, None]
        image = image.permute(0, 3, 1, 2).to(kernel.dtype) + self.bias
        if skip is None:
            return image
        # Zeros between the pixels and the filter are one transposed convolution.
        kernel = self.upsample.kernel.expand(3, 1, 4, 4)
        return image + functional.conv_transpose2d(skip, kernel, stride=2, padding=1, groups=3)


class StyleGAN2(nn.Module):
    """A `Generator` (see `stages.nets`); F is the output of layer 3 (32 px), which styles 0–6 shape.

    Layer 0 works at 4 px on a learned constant, layer l at 4·2ˡ px; its convolutions read styles 2l − 1 and 2l, its
    RGB output style 2l + 1. Noise map 0 belongs to layer 0, maps 2l − 1 and 2l to layer l. The state dict is that of
    a checkpoint's `g_ema` and the four tensors of W's mean and principal components.
    """

    n_structure = 7
    structure_layer = 3
    hidden_layer = 5
    convolutions: tuple[
        str, ...
    ] = ()  # each brings its kernel to the type of its input: styles are made from the whole ones
    dtype: torch.dtype | None = None  # of the convolutions, if another than the input's
    mean_w: Tensor
    pca_mean: Tensor
    pca_components: Tensor
    pca_stdev: Tensor

    def __init__(self, size: int = 1024, channel_multiplier: int = 2) -> None:
        """
        Raises:
            ValueError: `size` is no power of two of 64 or more.
        """
        super().__init__()
        log = size.bit_length() - 1
        if size < 64 or size != 2**log:
            raise ValueError(f"no StyleGAN2 of {size} px: the size must be a power of two of 64 or more")
        self.size = size
        self.n_styles = 2 * log - 2
        self.layers = log - 1
        widths = [channels_of(4 * 2**i, channel_multiplier) for i in range(self.layers)]
        # The checkpoint counts the mapping's layers from 1: its number 0 is the normalisation of z.
        self.style = nn.ModuleDict({str(i): Linear(STYLE, MAPPING_RATE) for i in range(1, 9)})
        self.input = Constants(input=torch.zeros(1, widths[0], 4, 4))
        self.conv1 = StyledConv(widths[0], widths[0])
        self.to_rgb1 = ToRGB(widths[0], up=False)
        self.convs, self.to_rgbs = nn.ModuleList(), nn.ModuleList()
        for before, width in pairwise(widths):
            self.convs += [StyledConv(before, width, up=True), StyledConv(width, width)]
            self.to_rgbs.append(ToRGB(width, up=True))
        sizes = [2 ** ((i + 5) // 2) for i in range(2 * self.layers - 1)]
        self.noises = Constants(**{f"noise_{i}": torch.zeros(1, 1, s, s) for i, s in enumerate(sizes)})
        for name, shape in {
            "mean_w": (STYLE,),
            "pca_mean": (STYLE,),
            "pca_components": (STYLE, STYLE),
            "pca_stdev": (STYLE,),
        }.items():
            self.register_buffer(name, torch.zeros(shape))

    def map(self, z: Tensor) -> Tensor:
        """Map z ~ N(0, 1), (B, 512), to W, (B, 512)."""
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + EPSILON)
        for layer in self.style.values():
            x = functional.leaky_relu(layer(x), SLOPE) * GAIN
        return x

    def features(self, ws: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Structure tensor F, (B, 512, 32, 32), of W+ codes (B, ≥ 7, 512); only rows 0–6 are read.

        `noise` (B or 1, 1, h, w), of the sizes that `draw_noise` gives, replaces the checkpoint's own; all three
        methods that take it take all maps.
        """
        noises = noise or self.own_noise()
        x = self.layer(0, None, ws, noises)
        for i in range(1, self.structure_layer + 1):
            x = self.layer(i, x, ws, noises)
        return x.to(ws.dtype)

    def render(self, f: Tensor, ws: Tensor, size: int | None = None, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Render F, (B, 512, 32, 32), with W+ codes (B, n_styles, 512), of which rows 7 on are read.

        As in the official code the RGB outputs of the layers that F replaces are missing: `synthesis` adds them.
        Returns (B, 3, size, size), nominally in [-1, 1] and not clamped. A `size` below the full one must divide it
        and gives the area average of the full render.

        Raises:
            ValueError: `size` does not divide the generator's size.
        """
        return self._run(f.to(self.dtype or f.dtype), self.structure_layer + 1, ws, size, noise)

    def synthesis(self, ws: Tensor, size: int | None = None, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Image of W+ codes (B, n_styles, 512) with the RGB outputs of all layers; otherwise as `render`."""
        return self._run(None, 0, ws, size, noise)

    def hidden(self, ws: Tensor) -> Tensor:
        """Features and RGB image (B, C + 3, 128, 128) of layer 5, or of the last layer if there are fewer."""
        noises = self.own_noise()
        x = self.layer(0, None, ws, noises)
        image = self.rgb(0, x, ws, None)
        for i in range(1, min(self.hidden_layer + 1, self.layers)):
            x = self.layer(i, x, ws, noises)
            image = self.rgb(i, x, ws, image)
        return torch.cat([x, image], 1)

    def _run(
        self, x: Tensor | None, start: int, ws: Tensor, size: int | None, noise: Sequence[Tensor] | None
    ) -> Tensor:
        size = size or self.size
        if size > self.size or self.size % size:
            raise ValueError(f"cannot render at {size} px: the generator's {self.size} px are no multiple of it")
        noises = noise or self.own_noise()
        x = self.layer(start, x, ws, noises)
        image = self.rgb(start, x, ws, None)
        for i in range(start + 1, self.layers):
            x = self.layer(i, x, ws, noises)
            image = self.rgb(i, x, ws, image)
        return image if size == self.size else functional.avg_pool2d(image, self.size // size)

    def layer(self, i: int, x: Tensor | None, ws: Tensor, noises: Sequence[Tensor]) -> Tensor:
        """Features (B, C_i, 4·2ⁱ, 4·2ⁱ) of layer i from those of the layer before; layer 0 needs none."""
        if i == 0:
            first: Tensor = self.conv1(self.input.input.to(self.dtype or ws.dtype), ws[:, 0], noises[0])
            return first
        x = self.convs[2 * i - 2](x, ws[:, 2 * i - 1], noises[2 * i - 1])
        out: Tensor = self.convs[2 * i - 1](x, ws[:, 2 * i], noises[2 * i])
        return out

    def rgb(self, i: int, x: Tensor, ws: Tensor, skip: Tensor | None) -> Tensor:
        """Image at the size of layer i from its features and the image of the layer before, if there is one."""
        to_rgb = self.to_rgbs[i - 1] if i else self.to_rgb1
        image: Tensor = to_rgb(x, ws[:, 2 * i + 1], skip)
        return image

    def own_noise(self) -> list[Tensor]:
        """The checkpoint's noise maps, each (1, 1, h, w)."""
        return [getattr(self.noises, f"noise_{i}") for i in range(2 * self.layers - 1)]

    def draw_noise(self, seed: int) -> list[Tensor]:
        """Noise maps (1, 1, h, w) from N(0, 1), on any device the same; one a batch, so no item's place counts."""
        gaussian = torch.Generator().manual_seed(seed)
        return [torch.randn(own.shape, generator=gaussian).to(own) for own in self.own_noise()]
