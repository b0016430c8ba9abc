"""F, S and W+ of photos by the project's own encoder, in one pass."""

from torch import Tensor
from torch.nn import functional

from stages.codes.embedding import FSCode, unwhiten
from stages.codes.reduction import area
from stages.nets.encoder_net import IMAGE_SIZE, FaceEncoder, prepared
from stages.nets.interfaces import Generator, Perceptual


def encoded(
    encoder: FaceEncoder, perceptual: Perceptual, generator: Generator, images: Tensor
) -> tuple[Tensor, FSCode]:
    """W+ (B, n, 512), and F and S, of images (B, 3, H, W) in [-1, 1].

    `perceptual` must be the network whose features the encoder learned to read. S is W+'s rows behind those of F.
    """
    small = area(images, IMAGE_SIZE)
    f, on_axes = encoder(prepared(perceptual.features(small)), small)
    ws = unwhiten(functional.pad(on_axes, (0, generator.mean_w.shape[-1] - encoder.axes)), generator)
    return ws, FSCode(f, ws[:, generator.n_structure :].clone())  # for files, in which no two tensors may share memory
