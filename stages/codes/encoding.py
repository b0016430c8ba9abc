"""F of photos by the project's own encoder, in one pass."""

from torch import Tensor

from stages.codes.embedding import FSCode
from stages.codes.reduction import area
from stages.nets.encoder_net import IMAGE_SIZE, FaceEncoder, prepared
from stages.nets.interfaces import Generator, Perceptual


def with_mean_s(f: Tensor, generator: Generator) -> FSCode:
    """F (B, C, 32, 32) with the mean face's S."""
    return FSCode(f, generator.mean_w.repeat(len(f), generator.n_styles - generator.n_structure, 1))


def encoded(encoder: FaceEncoder, perceptual: Perceptual, generator: Generator, images: Tensor) -> FSCode:
    """F and S of images (B, 3, H, W) in [-1, 1].

    `perceptual` must be the network whose features the encoder learned to read. S is the mean face's: what features of
    an image say of W is too little, and S that is guessed wrong takes the fine texture out of a face (docs/speed.md).
    """
    small = area(images, IMAGE_SIZE)
    return with_mean_s(encoder(prepared(perceptual.features(small)), small), generator)
