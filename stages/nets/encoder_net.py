"""The project's own encoder: F of a face in one pass behind a perceptual network.

A small convolutional network reads the features that the loss of an embedding takes of its photo anyway, and the
photo's pixels. What is finer than F (32 px) comes in by convolutions with a stride, so nothing that is known of a place
is averaged away.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.residual import Residual

SIZE = 32  # px of F
IMAGE_SIZE = 256  # px at which a photo is read
BLOCKS = (1, 2, 3, 4)  # of the perceptual network that are read, and their channels and sizes, VGG16's
CHANNELS = (128, 256, 512, 512)
SIZES = (128, 64, 32, 16)
SLOPE = 0.2  # of the leaky ReLU that F comes out of


class FaceEncoder(nn.Module):
    """F (B, C, 32, 32) of photos.

    `width`: channels within; `depth`: residual blocks at 32 px; `rank`: of the linear map beside them, place by place,
    from all that is read to F.
    Buffers bring what goes in and comes out to size one: `scale_x` the features of each channel, `mean_f` and `scale_f`
    F before its leaky ReLU.
    """

    scale_x: Tensor
    mean_f: Tensor
    scale_f: Tensor

    def __init__(
        self, channels_f: int = 512, width: int = 160, depth: int = 4, rank: int = 160,
        channels: Sequence[int] = CHANNELS,
    ) -> None:  # fmt: skip
        super().__init__()
        fine, middle, coarse, last = channels
        self.width, self.depth, self.rank = width, depth, rank
        self.channels = tuple(channels)
        self.pixels = nn.Conv2d(3, width, 8, stride=8)
        self.fine = nn.Conv2d(fine, width // 2, 2, stride=2)
        self.middle = nn.Conv2d(middle + width // 2, width, 2, stride=2)
        self.coarse = nn.Conv2d(coarse + last, width, 1)
        self.place = nn.Parameter(torch.zeros(width, SIZE, SIZE))
        self.trunk = nn.Sequential(*(Residual(width) for _ in range(depth)))
        self.linear = nn.Conv2d(3 * 8 * 8 + 4 * fine + 4 * middle + coarse + last, rank, 1)
        self.to_f = nn.Conv2d(width + rank, channels_f, 1)
        self.register_buffer("scale_x", torch.ones(sum(channels)))
        self.register_buffer("mean_f", torch.zeros(channels_f, SIZE, SIZE))
        self.register_buffer("scale_f", torch.ones(channels_f))

    def forward(self, features: Sequence[Tensor], image: Tensor) -> Tensor:
        """F of prepared features (see `prepared`) and the image (B, 3, 256, 256) in [-1, 1]."""
        fine, middle, coarse, last = self.scaled(features)
        x = torch.cat([functional.relu(self.fine(fine)), middle], 1)
        above = functional.interpolate(last, size=(SIZE, SIZE), mode="bilinear")
        x = self.middle(x) + self.coarse(torch.cat([coarse, above], 1)) + self.pixels(image) + self.place
        active = functional.relu(self.trunk(x))
        off = self.to_f(torch.cat([active, self.linear(self.folded(features, image))], 1))
        return functional.leaky_relu(self.mean_f + self.scale_f[:, None, None] * off, SLOPE)

    def scaled(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Prepared features, each channel of size one."""
        scales = self.scale_x.split(self.channels)
        return [x * scale[:, None, None] for x, scale in zip(features, scales, strict=True)]

    def folded(self, features: Sequence[Tensor], image: Tensor) -> Tensor:
        """All that is read, at F's places (B, D, 32, 32): what is finer as more channels, down to 64 px."""
        fine, middle, coarse, last = self.scaled(features)
        parts = [functional.pixel_unshuffle(image, 8), functional.pixel_unshuffle(functional.avg_pool2d(fine, 2), 2)]
        above = functional.interpolate(last, size=(SIZE, SIZE), mode="bilinear")
        return torch.cat([*parts, functional.pixel_unshuffle(middle, 2), coarse, above], 1)


def prepared(features: Sequence[Tensor]) -> list[Tensor]:
    """What the encoder reads of a perceptual network's features: blocks 2 to 5, brought to 128, 64, 32 and 16 px.

    Anti-aliased VGG16 gives 129, 65, 33 and 17 px, shifted by half a pixel of the next block's at most.
    """
    return [
        functional.interpolate(features[block], size=(size, size), mode="area")
        for block, size in zip(BLOCKS, SIZES, strict=True)
    ]
