"""StyleGAN2, configuration f (Karras et al. 2020, arXiv 1912.04958), in the layout of the public PyTorch checkpoints.

Written from the paper's formulas and the key names of a checkpoint; plain PyTorch, so it runs on a CPU. All weights
are constants: a style scales the input channels of a convolution and a demodulation factor its output channels,
which is one ordinary convolution for a whole batch, and its gradient never forms that of a kernel.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.mixing import mixed
from stages.nets.stylegan2_layers import EPSILON, GAIN, MAPPING_RATE, SLOPE, STYLE, Constants, Linear, StyledConv, ToRGB
from stages.nets.windows import Window, needed


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


class StyleGAN2(nn.Module):
    """A `Generator` (see `stages.nets`); F is the output of layer 3 (32 px), which styles 0–6 shape.

    Layer 0 works at 4 px on a learned constant, layer l at 4·2ˡ px; its convolutions read styles 2l − 1 and 2l, its
    RGB output style 2l + 1. Noise map 0 belongs to layer 0, maps 2l − 1 and 2l to layer l. The state dict is that of
    a checkpoint's `g_ema` and the four tensors of W's mean and principal components.
    """

    n_structure = 7
    structure_layer = 3
    hidden_layer = 5
    reach = 3  # px at a layer's output: the filter behind the upsampling and a kernel of 3×3
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

    def crop(self, f: Tensor, ws: Tensor, window: Window, noise: Sequence[Tensor] | None = None) -> Tensor:
        """The part of the full render that lies on a window of F's cells: (B, 3, height, width), computed alone.

        F is the whole one. Of it, and of every layer's output, only what the part needs is computed; `noise` are whole
        maps too. Equal to the same part of `render`, up to rounding, gradients included.

        Raises:
            ValueError: the window is empty or leaves F.
        """
        start = self.structure_layer + 1
        windows = needed(window, f.shape[-1], self.layers - start, self.reach)
        noises, x = noise or self.own_noise(), windows[0].of(f.to(self.dtype or f.dtype))
        skip: Tensor | None = None
        for i, (of_input, of_output) in enumerate(pairwise(windows), start):
            computed = of_input.times(2)
            right = of_output.within(computed)
            size = f.shape[-1] * 2 ** (i - start + 1)
            x = self.layer(i, x, ws, [computed.of(n) if n.shape[-1] == size else n for n in noises])
            image = right.of(self.rgb(i, x, ws, skip))
            x, skip = right.of(x), image
        return image

    def render_regions(self, f: Tensor, ws: Tensor, shares: Tensor) -> Tensor:
        """Image (B, 3, size, size) of F (B, C, 32, 32) and styles (B, K, n_styles, 512) of regions: see `Generator`."""
        noises, styles = self.own_noise(), ws.unbind(1)
        x, image = f.to(self.dtype or f.dtype), None
        for i in range(self.structure_layer + 1, self.layers):
            x = mixed([self.layer(i, x, each, noises) for each in styles], shares)
            image = mixed([self.rgb(i, x, each, image) for each in styles], shares)
        assert image is not None
        return image

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
