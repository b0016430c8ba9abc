"""The layers of SEAN (Zhu et al. 2020, arXiv 1911.12861): convolutions with spectral norm, and its normalisation."""

import torch
from torch import Tensor, nn
from torch.nn import functional

LABELS, CODE = 19, 512  # label numbers; values of a region's style code
SLOPE = 0.2  # of every leaky ReLU
HIDDEN = 128  # channels between a label map and SPADE's modulation


class SpectralConv(nn.Module):
    """A convolution whose kernel is divided by an estimate of its largest singular value.

    The estimate is uᵀWv with the vectors of the checkpoint, as they are: training updates them, inference does not.
    """

    weight_orig: Tensor
    weight_u: Tensor
    weight_v: Tensor
    bias: Tensor | None

    def __init__(self, channels_in: int, channels_out: int, kernel: int, bias: bool = True) -> None:
        super().__init__()
        self.register_buffer("weight_orig", torch.zeros(channels_out, channels_in, kernel, kernel))
        self.register_buffer("weight_u", torch.zeros(channels_out))
        self.register_buffer("weight_v", torch.zeros(channels_in * kernel * kernel))
        self.register_buffer("bias", torch.zeros(channels_out) if bias else None)

    def forward(self, x: Tensor) -> Tensor:
        sigma = self.weight_u @ (self.weight_orig.flatten(1) @ self.weight_v)
        # Dividing the result is dividing the kernel, and does not copy 38 MB of it.
        out = functional.conv2d(x, self.weight_orig, padding=self.weight_orig.shape[-1] // 2) / sigma
        return out if self.bias is None else out + self.bias[:, None, None]


class Spade(nn.Module):
    """SPADE's part: scale and shift of every pixel from the label map alone (Park et al. 2019)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.param_free_norm = nn.BatchNorm2d(channels, affine=False)  # in the checkpoint, and unused
        self.mlp_shared = nn.Sequential(nn.Conv2d(LABELS, HIDDEN, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(HIDDEN, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(HIDDEN, channels, 3, padding=1)

    def forward(self, onehot: Tensor) -> tuple[Tensor, Tensor]:
        """γ and β (B, C, h, w) from a label map as 19 masks (B, 19, h, w)."""
        hidden = self.mlp_shared(onehot)
        return self.mlp_gamma(hidden), self.mlp_beta(hidden)


class ACE(nn.Module):
    """Noise, batch normalisation, and a modulation by the label map and by the style code of each region.

    The last block of the generator has no `styled` layers: its modulation is SPADE's alone.
    """

    blending_gamma: Tensor
    blending_beta: Tensor
    noise_var: Tensor

    def __init__(self, channels: int, styled: bool) -> None:
        super().__init__()
        self.styled = styled
        for name in ("blending_gamma", "blending_beta"):
            self.register_buffer(name, torch.zeros(1))
        self.register_buffer("noise_var", torch.zeros(channels))
        self.Spade = Spade(channels)
        self.param_free_norm = nn.BatchNorm2d(channels, affine=False)
        if styled:
            for label in range(LABELS):
                self.add_module(f"fc_mu{label}", nn.Linear(CODE, CODE))
            self.conv_gamma = nn.Conv2d(CODE, channels, 3, padding=1)
            self.conv_beta = nn.Conv2d(CODE, channels, 3, padding=1)

    def styles(self, codes: Tensor) -> Tensor:
        """What each region is painted with (B, 19, 512), from its code (B, 19, 512)."""
        layers = [self.get_submodule(f"fc_mu{label}") for label in range(LABELS)]
        return functional.relu(torch.stack([layer(codes[:, i]) for i, layer in enumerate(layers)], 1))

    def modulation(self, onehot: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """γ and β (B, C, h, w) of the style codes."""
        styles = self.styles(codes)
        return painted(self.conv_gamma, onehot, styles), painted(self.conv_beta, onehot, styles)

    def forward(self, x: Tensor, onehot: Tensor, codes: Tensor, noise: Tensor | None) -> Tensor:
        """The modulated x (B, C, h, w), of masks (B, 19, h, w), codes (B, 19, 512) and noise (B or 1, 1, h, w)."""
        if noise is not None:
            x = x + noise * self.noise_var[:, None, None]
        gamma, beta = self.Spade(onehot)
        if self.styled:
            style_gamma, style_beta = self.modulation(onehot, codes)
            gamma = torch.lerp(gamma, style_gamma, self.blending_gamma.sigmoid())
            beta = torch.lerp(beta, style_beta, self.blending_beta.sigmoid())
        modulated: Tensor = self.param_free_norm(x) * (1 + gamma) + beta
        return modulated


def painted(conv: nn.Conv2d, onehot: Tensor, styles: Tensor) -> Tensor:
    """A convolution (B, C, h, w) of the map (B, 512, h, w) on which every region has its style (B, 19, 512).

    The map is made of 19 masks, so kernels of 19 channels do for each image what those of 512 do on it.
    """
    kernels = torch.einsum("ocyx,blc->bolyx", conv.weight, styles)
    rows = [functional.conv2d(onehot[i : i + 1], kernel, conv.bias, padding=1) for i, kernel in enumerate(kernels)]
    return torch.cat(rows)


class Block(nn.Module):
    """Two convolutions with their normalisations beside the identity, or beside a 1×1 convolution."""

    def __init__(self, channels_in: int, channels_out: int, styled: bool = True) -> None:
        super().__init__()
        middle = min(channels_in, channels_out)
        self.changes = channels_in != channels_out
        self.conv_0 = SpectralConv(channels_in, middle, 3)
        self.conv_1 = SpectralConv(middle, channels_out, 3)
        self.ace_0, self.ace_1 = ACE(channels_in, styled), ACE(middle, styled)
        if self.changes:
            self.conv_s = SpectralConv(channels_in, channels_out, 1, bias=False)
            self.ace_s = ACE(channels_in, styled)

    @property
    def normalisations(self) -> tuple[str, ...]:
        """Names of the normalisations, in the order in which the official code draws their noise."""
        return ("ace_s", "ace_0", "ace_1") if self.changes else ("ace_0", "ace_1")

    def forward(self, x: Tensor, onehot: Tensor, codes: Tensor, noise: dict[str, Tensor]) -> Tensor:
        """As `ACE.forward`; `noise` by names of normalisations, none for those without."""
        beside = self.conv_s(self.ace_s(x, onehot, codes, noise.get("ace_s"))) if self.changes else x
        x = self.conv_0(functional.leaky_relu_(self.ace_0(x, onehot, codes, noise.get("ace_0")), SLOPE))
        x = self.conv_1(functional.leaky_relu_(self.ace_1(x, onehot, codes, noise.get("ace_1")), SLOPE))
        return beside + x
