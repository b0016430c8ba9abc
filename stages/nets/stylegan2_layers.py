"""The layers of StyleGAN2: equalised, modulated and upsampling convolutions, with noise and RGB outputs."""

import math
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
