"""The project's own encoder for MobileStyleGAN: F, S and W+ of a face in one pass. `snakemake encoder` trains it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stages.networks import Checkpoint, Network
from stages.networks._trained import reader

if TYPE_CHECKING:
    from stages.nets.encoder_net import FaceEncoder

SIZES = ("n_styles", "width", "depth", "rank", "axes")  # of the network, in the file's metadata
LICENCE = "MIT; learned from draws of MobileStyleGAN (Apache-2.0) and features of ST-LPIPS (BSD-2-Clause)"


def build(facts: Mapping[str, str]) -> "FaceEncoder":
    from stages.nets.encoder_net import FaceEncoder

    n_styles, width, depth, rank, axes = (int(facts[name]) for name in SIZES)
    return FaceEncoder(n_styles, width=width, depth=depth, rank=rank, axes=axes)


ENTRY = Network(
    role="encoder",
    title="Encoder",
    origin=Checkpoint("encoder.safetensors", None, LICENCE),
    read=reader("encoder", SIZES, build),
    build=build,
    generator="mobilestylegan",
    reads="stlpips_vgg",
)
