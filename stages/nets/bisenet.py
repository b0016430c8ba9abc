"""BiSeNet with a ResNet-18 context path (Yu et al. 2018), the face parser, in the layout of its public checkpoints."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19, FROM_19, LabelScheme

INPUT_SIZE = 512
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def on_one_pixel(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A 1×1 convolution of (B, C, 1, 1) as a matrix product.

    oneDNN's gradient of that convolution differs from run to run (measured with torch 2.14.1 on a CPU: two results of
    the one from 512 channels to 128), and with it every alignment.
    """
    return functional.linear(x.flatten(1), conv.weight.flatten(1))[:, :, None, None]


class ConvNormReLU(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


class AttentionRefinement(nn.Module):
    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.conv = ConvNormReLU(channels_in, 128, 3)
        self.conv_atten = nn.Conv2d(128, 128, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(128)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        attended: Tensor = x * self.bn_atten(on_one_pixel(self.conv_atten, x.mean((2, 3), keepdim=True))).sigmoid()
        return attended


class BasicBlock(nn.Module):
    """Two convolutions beside the identity, or beside a 1×1 convolution where size and channels change."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
            if stride > 1 else None
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return functional.relu(out, inplace=True)


class ResNet18(nn.Module):
    """Features at 1/8, 1/16 and 1/32 (He et al. 2016), by the names of torchvision's layers.

    Not torchvision's own: its import takes more than a second, in every process that parses.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        widths = (64, 64, 128, 256, 512)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(BasicBlock(before, width, 1 + (width > before)), BasicBlock(width, width, 1))
            for before, width in itertools.pairwise(widths)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        x8 = self.layer2(self.layer1(functional.max_pool2d(x, 3, 2, padding=1)))
        x16 = self.layer3(x8)
        return x8, x16, self.layer4(x16)


class ContextPath(nn.Module):
    """ResNet-18 features at 1/8 and the two attended context maps at 1/8 and 1/16."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet18()
        self.arm16, self.arm32 = AttentionRefinement(256), AttentionRefinement(512)
        self.conv_head32, self.conv_head16 = ConvNormReLU(128, 128, 3), ConvNormReLU(128, 128, 3)
        self.conv_avg = ConvNormReLU(512, 128, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x8, x16, x32 = self.resnet(x)
        average = on_one_pixel(self.conv_avg.conv, x32.mean((2, 3), keepdim=True))
        context = self.arm32(x32) + functional.relu(self.conv_avg.bn(average))
        context16 = self.conv_head32(functional.interpolate(context, x16.shape[2:]))
        context8 = functional.interpolate(self.arm16(x16) + context16, x8.shape[2:])
        return x8, self.conv_head16(context8), context16


class FeatureFusion(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convblk = ConvNormReLU(256, 256, 1)
        self.conv1 = nn.Conv2d(256, 64, 1, bias=False)
        self.conv2 = nn.Conv2d(64, 256, 1, bias=False)

    def forward(self, spatial: Tensor, context: Tensor) -> Tensor:
        x = self.convblk(torch.cat([spatial, context], dim=1))
        hidden = functional.relu(on_one_pixel(self.conv1, x.mean((2, 3), keepdim=True)))
        fused: Tensor = x + x * on_one_pixel(self.conv2, hidden).sigmoid()
        return fused


class Classifier(nn.Module):
    def __init__(self, channels_in: int, channels: int, labels: int) -> None:
        super().__init__()
        self.conv = ConvNormReLU(channels_in, channels, 3)
        self.conv_out = nn.Conv2d(channels, labels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.conv_out(self.conv(x))
        return logits


class BiSeNet(nn.Module):
    """A `Parser` (see `stages.nets`). The two auxiliary classifiers are unused; they make strict loading possible."""

    size = INPUT_SIZE
    convolutions = ("cp", "ffm", "conv_out")
    dtype: torch.dtype | None = None  # of the convolutions, if another than the input's
    mean: Tensor
    std: Tensor

    def __init__(self, scheme: LabelScheme = CELEBAMASK_19) -> None:
        super().__init__()
        self.scheme = scheme
        self.cp = ContextPath()
        self.ffm = FeatureFusion()
        self.conv_out = Classifier(256, 256, len(scheme))
        self.conv_out16 = Classifier(128, 64, len(scheme))
        self.conv_out32 = Classifier(128, 64, len(scheme))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def raw_logits(self, x: Tensor) -> Tensor:
        """Logits (B, K, H, W) of an ImageNet-normalised image (B, 3, H, W), as the published network gives them."""
        spatial, context, _ = self.cp(x.to(self.dtype or x.dtype))
        return enlarged(self.conv_out(self.ffm(spatial, context)).to(x.dtype), x)

    def auxiliary_logits(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the two classifiers that only training uses, as `raw_logits`."""
        _, context8, context16 = self.cp(x)
        return enlarged(self.conv_out16(context8), x), enlarged(self.conv_out32(context16), x)

    def logits(self, image: Tensor, clamp: bool = True) -> Tensor:
        """Logits (B, K, 512, 512) of an image (B, 3, H, W), brought to 512 px by area averaging.

        The image is clamped to [-1, 1] unless told otherwise: a render leaves that range, a photo does not.
        """
        if image.shape[-1] != self.size:
            image = functional.interpolate(image, (self.size, self.size), mode="area")
        if clamp:
            image = image.clamp(-1, 1)
        return self.raw_logits(((image + 1) / 2 - self.mean) / self.std)


def enlarged(logits: Tensor, like: Tensor) -> Tensor:
    """Bring logits to the size of an image, corner pixel on corner pixel."""
    return functional.interpolate(logits, like.shape[2:], mode="bilinear", align_corners=True)


def merge_logits(logits: Tensor) -> Tensor:
    """Logits (B, 16, h, w) of CELEBAMASK_16 from those of CELEBAMASK_19 (B, 19, h, w).

    The probability of a label is the sum of those that it unites, so its logit is their log-sum-exp.
    """
    parts = [[i for i, label in enumerate(FROM_19) if label == k] for k in range(len(CELEBAMASK_16))]
    return torch.cat([logits[:, part].logsumexp(1, keepdim=True) for part in parts], 1)
