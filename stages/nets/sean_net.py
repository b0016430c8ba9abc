"""SEAN (Zhu et al. 2020, arXiv 1911.12861): a face from a label map and a style code per region, for inference.

The state dict has the keys of the official `latest_net_G.pth`. The architecture follows the published description and
is tested against arrays of the official code, of which nothing is copied.
"""

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.sean_layers import LABELS, SLOPE, Block

SIZE = 256  # px of the images that the published network was trained on
STEP = 32  # the generator begins at an image's size divided by this


def masks_of(labels: Tensor) -> Tensor:
    """A label map (B, H, W) of integers 0 to 18 as 19 masks (B, 19, H, W) of zeros and ones."""
    return functional.one_hot(labels.long(), LABELS).movedim(-1, 1).float()


class StyleEncoder(nn.Module):
    """Features of an image, from which the codes of its regions are taken."""

    def __init__(self) -> None:
        super().__init__()

        def normal(channels: int) -> list[nn.Module]:
            return [nn.InstanceNorm2d(channels), nn.LeakyReLU(SLOPE)]

        self.model = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(3, 32, 3), *normal(32),
            nn.Conv2d(32, 64, 3, 2, padding=1), *normal(64),
            nn.Conv2d(64, 128, 3, 2, padding=1), *normal(128),
            nn.ConvTranspose2d(128, 256, 3, 2, padding=1, output_padding=1), *normal(256),
            nn.ReflectionPad2d(1), nn.Conv2d(256, 512, 3), nn.Tanh(),
        )  # fmt: skip

    def forward(self, image: Tensor, onehot: Tensor) -> Tensor:
        """As `SEAN.codes`, of masks (B, 19, H, W)."""
        features = self.model(image)
        regions = functional.interpolate(onehot, features.shape[2:]).flatten(2)
        sums = regions @ features.flatten(2).transpose(1, 2)
        # A sum over nothing is 0, and stays 0.
        codes: Tensor = sums / regions.sum(2, keepdim=True).clamp_min(1)
        return codes


class SEAN(nn.Module):
    """The generator of `latest_net_G.pth` (CelebA-HQ) with its style encoder.

    Label maps have the numbers of CelebAMask-HQ, in which hair is 13: `CELEBAMASK_HQ` in `stages.regions.labels`.
    """

    BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")
    UP_BEFORE = ("G_middle_0", "up_0", "up_1", "up_2", "up_3")  # the size doubles before these

    def __init__(self) -> None:
        super().__init__()
        self.Zencoder = StyleEncoder()
        self.fc = nn.Conv2d(LABELS, 1024, 3, padding=1)
        self.head_0, self.G_middle_0, self.G_middle_1 = (Block(1024, 1024) for _ in range(3))
        self.up_0, self.up_1, self.up_2 = Block(1024, 512), Block(512, 256), Block(256, 128)
        self.up_3 = Block(128, 64, styled=False)
        self.conv_img = nn.Conv2d(64, 3, 3, padding=1)

    def block(self, name: str) -> Block:
        """One of `BLOCKS`."""
        return cast("Block", self.get_submodule(name))

    def codes(self, image: Tensor, labels: Tensor) -> Tensor:
        """Style codes (B, 19, 512) of an image (B, 3, H, W) in [-1, 1] and its label map (B, H, W).

        The code of a region that is absent, or that vanishes at half the size, is 0. H and W are multiples of 4.
        """
        codes: Tensor = self.Zencoder(image, masks_of(labels))
        return codes

    def layers(self, size: int) -> Iterator[tuple[str, str, int]]:
        """Block, name and px of every normalisation in the order of their noise, for an image of `size` px."""
        current = size // STEP
        for name in self.BLOCKS:
            current *= 2 if name in self.UP_BEFORE else 1
            for ace in self.block(name).normalisations:
                yield name, ace, current

    def draw_noise(self, seed: int, size: int = SIZE) -> list[Tensor]:
        """Noise maps (1, 1, h, h) from N(0, 1) for an image of `size` px, in the order that `synthesis` takes."""
        gaussian = torch.Generator().manual_seed(seed)
        return [torch.randn(1, 1, px, px, generator=gaussian) for _, _, px in self.layers(size)]

    def synthesis(self, labels: Tensor, codes: Tensor, noise: Sequence[Tensor] | None) -> Tensor:
        """Image (B, 3, H, H) in [-1, 1] of a label map (B, H, H) and style codes (B, 19, 512).

        Args:
            labels: numbers of CelebAMask-HQ; H is a multiple of 32.
            codes: a region that has pixels and a code of 0 is drawn with what the network makes of 0.
            noise: maps (B or 1, 1, h, h) as `draw_noise` gives them; None for none.
        """
        size = labels.shape[-1]
        maps: dict[str, dict[str, Tensor]] = {name: {} for name in self.BLOCKS}
        if noise is not None:
            for (name, ace, _), plane in zip(self.layers(size), noise, strict=True):
                maps[name][ace] = plane
        onehot = masks_of(labels)
        x = self.fc(functional.interpolate(onehot, size // STEP))
        for name in self.BLOCKS:
            if name in self.UP_BEFORE:
                x = functional.interpolate(x, scale_factor=2)
            x = self.block(name)(x, functional.interpolate(onehot, x.shape[2:]), codes, maps[name])
        image: Tensor = self.conv_img(functional.leaky_relu(x, SLOPE)).tanh()
        return image
