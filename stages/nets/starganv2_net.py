"""StarGAN v2 for faces (Choi et al. 2020, arXiv 1912.01865): an image in the style of a reference, for inference.

The state dict has the keys of the official `100000_nets_ema.ckpt` (CelebA-HQ), its four networks joined by dots. The
architecture follows the published description and is tested against arrays of the official code, of which nothing is
copied.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.fan import FAN
from stages.nets.fan_masks import masks

SIZE = 256  # px
LATENT, STYLE, HIDDEN = 16, 64, 512  # values of z, of a style, and of the layers between
DOMAINS = ("female", "male")
SLOPE = 0.2  # of every leaky ReLU
KEPT = (128, 64, 32)  # px of the features that are passed by the style
FINEST_COARSE = 32  # px: up to here the coarse mask is used
DOWN = (64, 128, 256, 512, 512, 512)  # channels, from 256 px to 8 px
AT_8 = 2  # blocks at 8 px on either side

Masks = tuple[Tensor, Tensor]


class ResBlock(nn.Module):
    """Two convolutions beside the identity or a 1×1 convolution; both sides halve the size if `down`."""

    def __init__(self, channels_in: int, channels_out: int, normalize: bool, down: bool) -> None:
        super().__init__()
        self.down = down
        self.conv1 = nn.Conv2d(channels_in, channels_in, 3, padding=1)
        self.conv2 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm1, self.norm2 = (
            nn.InstanceNorm2d(channels_in, affine=True) if normalize else nn.Identity() for _ in range(2)
        )
        changes = channels_in != channels_out
        self.conv1x1 = nn.Conv2d(channels_in, channels_out, 1, bias=False) if changes else nn.Identity()

    def _halved(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, 2) if self.down else x

    def forward(self, x: Tensor) -> Tensor:
        out = self._halved(self.conv1(functional.leaky_relu(self.norm1(x), SLOPE)))
        out = self.conv2(functional.leaky_relu(self.norm2(out), SLOPE))
        added: Tensor = out + self._halved(self.conv1x1(x))
        return added / math.sqrt(2)


class AdaIN(nn.Module):
    """Instance normalisation whose scale and shift come from a style."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(STYLE, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        gamma, beta = self.fc(style)[:, :, None, None].chunk(2, 1)
        modulated: Tensor = (1 + gamma) * functional.instance_norm(x) + beta
        return modulated


class StyledBlock(nn.Module):
    """Two styled convolutions; doubles the size if `up`. With masks the official network has no path beside them."""

    def __init__(self, channels_in: int, channels_out: int, up: bool) -> None:
        super().__init__()
        self.up = up
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.norm1, self.norm2 = AdaIN(channels_in), AdaIN(channels_out)
        if channels_in != channels_out:
            self.conv1x1 = nn.Conv2d(channels_in, channels_out, 1, bias=False)  # in the checkpoint, and unused

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = functional.leaky_relu(self.norm1(x, style), SLOPE)
        if self.up:
            x = functional.interpolate(x, scale_factor=2)
        x = functional.leaky_relu(self.norm2(self.conv1(x), style), SLOPE)
        out: Tensor = self.conv2(x)
        return out


class HighPass(nn.Module):
    """What a 3×3 high-pass filter leaves of every channel."""

    filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        filter3 = torch.full((3, 3), -1.0)
        filter3[1, 1] = 8
        self.register_buffer("filter", filter3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.filter.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


class Generator(nn.Module):
    """An image in another style, which keeps fine features of the face where masks say so."""

    def __init__(self) -> None:
        super().__init__()
        self.from_rgb = nn.Conv2d(3, DOWN[0], 3, padding=1)
        down = [ResBlock(a, b, normalize=True, down=True) for a, b in itertools.pairwise(DOWN)]
        up = [StyledBlock(b, a, up=True) for a, b in itertools.pairwise(DOWN)]
        last = DOWN[-1]
        self.encode = nn.ModuleList([*down, *(ResBlock(last, last, normalize=True, down=False) for _ in range(AT_8))])
        self.decode = nn.ModuleList([*(StyledBlock(last, last, up=False) for _ in range(AT_8)), *reversed(up)])
        self.to_rgb = nn.Sequential(
            nn.InstanceNorm2d(DOWN[0], affine=True), nn.LeakyReLU(SLOPE), nn.Conv2d(DOWN[0], 3, 1)
        )
        self.hpf = HighPass()

    def forward(self, image: Tensor, style: Tensor, masks: Masks | None) -> Tensor:
        """See `StarGANv2.synthesis`."""
        x, kept = self.from_rgb(image), {}
        for block in self.encode:
            kept[x.shape[-1]] = x
            x = block(x)
        for block in self.decode:
            x = block(x, style)
            if masks is not None and (size := x.shape[-1]) in KEPT:
                mask = masks[0] if size <= FINEST_COARSE else masks[1]
                x = x + self.hpf(functional.interpolate(mask, (size, size), mode="bilinear") * kept[size])
        rgb: Tensor = self.to_rgb(x)
        return rgb


class MappingNetwork(nn.Module):
    """Styles of a domain from random numbers."""

    def __init__(self) -> None:
        super().__init__()

        def layers(channels: list[int]) -> list[nn.Module]:
            return [each for a, b in itertools.pairwise(channels) for each in (nn.Linear(a, b), nn.ReLU())]

        self.shared = nn.Sequential(*layers([LATENT, *[HIDDEN] * 4]))
        self.unshared = nn.ModuleList(nn.Sequential(*layers([HIDDEN] * 4), nn.Linear(HIDDEN, STYLE)) for _ in DOMAINS)

    def forward(self, z: Tensor, domain: Tensor) -> Tensor:
        """Styles (B, 64) of z (B, 16) and domains (B,)."""
        return of_domain(self.unshared, self.shared(z), domain)


class StyleEncoder(nn.Module):
    """Styles from images."""

    def __init__(self) -> None:
        super().__init__()
        channels = (*DOWN, DOWN[-1])  # down to 4 px
        blocks = [ResBlock(a, b, normalize=False, down=True) for a, b in itertools.pairwise(channels)]
        self.shared = nn.Sequential(
            nn.Conv2d(3, channels[0], 3, padding=1), *blocks, nn.LeakyReLU(SLOPE),
            nn.Conv2d(channels[-1], HIDDEN, 4), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.unshared = nn.ModuleList(nn.Linear(HIDDEN, STYLE) for _ in DOMAINS)

    def forward(self, image: Tensor, domain: Tensor) -> Tensor:
        """Styles (B, 64) of images (B, 3, 256, 256) and domains (B,)."""
        return of_domain(self.unshared, self.shared(image).flatten(1), domain)


def of_domain(heads: nn.ModuleList, hidden: Tensor, domain: Tensor) -> Tensor:
    """For each row (B, 512) what the head of its domain says (B, 64)."""
    return torch.stack([heads[int(d)](row[None])[0] for row, d in zip(hidden, domain, strict=True)])


class StarGANv2(nn.Module):
    """The four networks of `100000_nets_ema.ckpt`. A domain is a number of `DOMAINS`."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator()
        self.mapping_network = MappingNetwork()
        self.style_encoder = StyleEncoder()
        self.fan = FAN()

    def style(self, reference: Tensor, domain: Tensor) -> Tensor:
        """Style (B, 64) of a reference (B, 3, 256, 256) in [-1, 1]; `domain` (B,) is that of the reference."""
        style: Tensor = self.style_encoder(reference, domain)
        return style

    def drawn_style(self, z: Tensor, domain: Tensor) -> Tensor:
        """Style (B, 64) of a domain (B,) that z (B, 16) from N(0, 1) stands for."""
        style: Tensor = self.mapping_network(z, domain)
        return style

    def masks(self, image: Tensor) -> Masks:
        """Masks (B, 1, 256, 256) in [0, 1] of where the features of a face (B, 3, 256, 256) are kept."""
        return masks(self.fan(image))

    def synthesis(self, image: Tensor, style: Tensor, masks: Masks | None) -> Tensor:
        """Image (B, 3, 256, 256), nominally in [-1, 1], of a face (B, 3, 256, 256) in a style (B, 64).

        `masks` are those of the face; None keeps none of its features. The style takes hair and all else that is of a
        domain or a person's look: there is no label map.
        """
        changed: Tensor = self.generator(image, style, masks)
        return changed
