"""What the pipeline asks of a network: a generator, a face parser, a perceptual distance, an encoder."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from stages.nets.windows import Window
from stages.regions.labels import LabelScheme


class Generator(Protocol):
    """Faces from latents. W+ is (B, n_styles, 512); F is (B, C, 32, 32) and replaces the first `n_structure` styles."""

    size: int
    n_styles: int
    n_structure: int
    mean_w: Tensor
    pca_mean: Tensor
    pca_components: Tensor
    pca_stdev: Tensor

    def map(self, z: Tensor) -> Tensor:
        """Map z (B, 512) to W (B, 512)."""

    def features(self, ws: Tensor) -> Tensor:
        """Structure tensor F of W+."""

    def render(self, f: Tensor, ws: Tensor, size: int | None = None) -> Tensor:
        """Image (B, 3, size, size), nominally in [-1, 1], of F and the styles behind it; smaller sizes by area."""

    def crop(self, f: Tensor, ws: Tensor, window: Window) -> Tensor:
        """The part of `render` at full size that lies on a window of F's cells; only what it needs is computed."""

    def render_regions(self, f: Tensor, ws: Tensor, shares: Tensor) -> Tensor:
        """Image at full size of F and a W+ of each of K regions, (B, K, n_styles, 512), of which the rows behind F act.

        Each region has its own styles: behind every layer, the features that the K of them give are mixed by `shares`
        (B, K, H, W), which are at least 0 and sum to 1 over K.
        """

    def synthesis(self, ws: Tensor, size: int | None = None, noise: Sequence[Tensor] | None = None) -> Tensor:
        """Image (B, 3, size, size) of W+; StyleGAN2's has RGB outputs of the first layers, which F does not carry.

        `noise`, maps (B or 1, 1, h, w) of variance 1, replaces the fixed noise of the network.
        """

    def hidden(self, ws: Tensor) -> Tensor:
        """Features (B, C, h, h) that the image of W+ is made from, at 128 px or the generator's largest below it."""

    def draw_noise(self, seed: int) -> list[Tensor]:
        """Noise maps (1, 1, h, w) from N(0, 1), in the order and of the sizes that `synthesis` takes."""


class Parser(Protocol):
    """A face parser; labels are named by `scheme`."""

    scheme: LabelScheme
    size: int

    def logits(self, image: Tensor, clamp: bool = True) -> Tensor:
        """Logits (B, K, size, size) of an image (B, 3, H, W), clamped to [-1, 1] unless told otherwise."""


class Perceptual(Protocol):
    """A perceptual distance whose features of a fixed reference are computed once."""

    name: str

    def features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """Feature maps of an image (B, 3, H, W) in [-1, 1], the first `blocks` of them."""

    def raw_features(self, image: Tensor, blocks: int | None = None) -> list[Tensor]:
        """As `features`, but the network sees the image as it is, not scaled to ImageNet's statistics."""

    def first_layer(self, image: Tensor) -> Tensor:
        """Output (B, C, h, w) of the first convolution and its ReLU, for images in [-1, 1]."""

    def head(self, i: int) -> Tensor:
        """The weights (C,) of the channels of block i in the distance."""

    def distance(self, a: Sequence[Tensor], b: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
        """Distance (B,) between two images' features, averaged under a mask (B, 1, H, W) if one is given."""


class Encoder(Protocol):
    """Gives the W+ code of a face in one pass."""

    n_styles: int

    def codes(self, image: Tensor) -> Tensor:
        """W+ (B, n_styles, 512) of square images (B, 3, H, W) in [-1, 1]."""
