"""The encoders of pSp (Richardson et al. 2021) and e4e (Tov et al. 2021), in the layout of their checkpoints.

Both are an IR-SE-50 backbone, a feature pyramid of three levels, and a head for each row of W+. They have the same
tensors, and differ only in what the outputs of the heads mean.
"""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.stylegan2_layers import STYLE, Linear

INPUT_SIZE = 256
BLOCKS = ((64, 3), (128, 4), (256, 14), (512, 3))  # channels and number of units; the first one halves the size
SQUEEZED = 16  # by how much squeeze-and-excitation narrows the channels
COARSE, MIDDLE = 3, 7  # heads before these read the coarse and the middle level of the pyramid, the others the fine one
DEPTHS = (4, 5, 6)  # convolutions of a head on each level, which leave one pixel
SLOPE = 0.01  # of the heads' leaky ReLUs


class Levels(NamedTuple):
    """Features at three sizes: (B, C, 16, 16), (B, C, 32, 32) and (B, C, 64, 64)."""

    coarse: Tensor
    middle: Tensor
    fine: Tensor


class SqueezeExcitation(nn.Module):
    """Weighs the channels by their means over the image (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // SQUEEZED, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // SQUEEZED, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu(functional.linear(x.mean((2, 3)), self.fc1.weight.flatten(1)))
        weights = functional.linear(hidden, self.fc2.weight.flatten(1)).sigmoid()
        return x * weights[:, :, None, None]


class Unit(nn.Module):
    """Two convolutions beside the input itself, or beside a 1×1 convolution where the channels change."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.shortcut_layer = (
            nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
            if channels_in != channels else None
        )  # fmt: skip
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels_in),
            nn.Conv2d(channels_in, channels, 3, padding=1, bias=False),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            SqueezeExcitation(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        # Without a convolution of its own the input is subsampled, also in the first unit of all.
        beside = x[:, :, :: self.stride, :: self.stride] if self.shortcut_layer is None else self.shortcut_layer(x)
        out: Tensor = self.res_layer(x) + beside
        return out


class StyleHead(nn.Module):
    """Features (B, 512, 2ᵈ, 2ᵈ) to a vector (B, 512); d is the depth."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        layers = [(nn.Conv2d(STYLE, STYLE, 3, 2, padding=1), nn.LeakyReLU(SLOPE)) for _ in range(depth)]
        self.convs = nn.Sequential(*itertools.chain(*layers))
        self.linear = Linear(STYLE)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.convs(x).flatten(1))
        return out


class GradualStyleEncoder(nn.Module):
    """pSp's, an `Encoder` (see `stages.nets.interfaces`): every head gives its row of W+ as seen from the mean w."""

    size = INPUT_SIZE
    latent_avg: Tensor

    def __init__(self, n_styles: int = 18) -> None:
        """`n_styles`: rows of W+, 2 log₂(px) − 2 of the generator's images. A head is the same in all of them."""
        super().__init__()
        self.n_styles = n_styles
        width = BLOCKS[0][0]
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.PReLU(width)
        )
        before = [width, *(width for width, _ in BLOCKS)]
        self.body = nn.Sequential(
            *(
                Unit(width if k else narrower, width, 1 if k else 2)
                for narrower, (width, count) in zip(before, BLOCKS, strict=False)
                for k in range(count)
            )
        )
        self.styles = nn.ModuleList(StyleHead(DEPTHS[(i >= COARSE) + (i >= MIDDLE)]) for i in range(n_styles))
        (_, _), (fine, _), (middle, _), (_, _) = BLOCKS
        self.latlayer1, self.latlayer2 = nn.Conv2d(middle, STYLE, 1), nn.Conv2d(fine, STYLE, 1)
        self.register_buffer("latent_avg", torch.zeros(n_styles, STYLE))

    def features(self, image: Tensor) -> Levels:
        """The backbone's features of images (B, 3, 256, 256) in [-1, 1]: 512, 256 and 128 channels."""
        ends = list(itertools.accumulate(count for _, count in BLOCKS))
        x, taken = self.input_layer(image), []
        for start, end in itertools.pairwise([0, *ends]):
            x = self.body[start:end](x)
            taken.append(x)
        return Levels(*reversed(taken[1:]))

    def pyramid(self, features: Levels) -> Levels:
        """What the heads read, 512 channels each: every level also holds the coarser ones, enlarged."""
        middle = enlarged(features.coarse, features.middle) + self.latlayer1(features.middle)
        return Levels(features.coarse, middle, enlarged(middle, features.fine) + self.latlayer2(features.fine))

    def heads(self, levels: Levels) -> Tensor:
        """The outputs (B, n, 512) of all heads."""
        read = (levels[(i >= COARSE) + (i >= MIDDLE)] for i in range(self.n_styles))
        return torch.stack([head(level) for head, level in zip(self.styles, read, strict=True)], 1)

    def rows(self, heads: Tensor) -> Tensor:
        """The rows of W+ (B, n, 512) without the mean w, from the outputs of the heads."""
        return heads

    def codes(self, image: Tensor) -> Tensor:
        """W+ (B, n, 512) of square images (B, 3, H, W) in [-1, 1], which are brought to 256 px as Pillow does it."""
        if image.shape[-1] != self.size:
            image = functional.interpolate(image, (self.size, self.size), mode="bilinear", antialias=True)
        return self.rows(self.heads(self.pyramid(self.features(image)))) + self.latent_avg


class Encoder4Editing(GradualStyleEncoder):
    """e4e's: as pSp's, but the first head gives one w, and the others how far their rows are from it."""

    def rows(self, heads: Tensor) -> Tensor:
        """As `GradualStyleEncoder.rows`, of the trained network, whose rows all have a difference of their own."""
        return progressive(heads, self.n_styles - 1)


def progressive(heads: Tensor, stage: int) -> Tensor:
    """e4e's rows of W+ (B, n, 512) from the outputs of its heads (B, n, 512).

    Rows 1 to `stage` add their own difference to the first; the later ones are the first. Training begins at stage 0.
    A checkpoint does not say its stage: the official loader sets the last one, n − 1.
    """
    first, n = heads[:, :1], heads.shape[1]
    return torch.cat([first, first + heads[:, 1 : stage + 1], first.expand(-1, n - 1 - stage, -1)], 1)


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """Bring features to the size of others, corner pixel on corner pixel."""
    return functional.interpolate(x, like.shape[2:], mode="bilinear", align_corners=True)


def rows_of_state(state: Mapping[str, Tensor]) -> int:
    """Number of heads in an encoder's state dict, 0 if it is of something else."""
    return sum(key.startswith("styles.") and key.endswith(".linear.weight") for key in state)


# By the names that the official code and its checkpoints give them.
ENCODERS = {kind.__name__: kind for kind in (GradualStyleEncoder, Encoder4Editing)}
