"""The project's own encoder for MobileStyleGAN: F of a face in one pass. `snakemake encoder` trains it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stages.networks import Checkpoint, Network
from stages.networks._trained import reader

if TYPE_CHECKING:
    from stages.nets.encoder_net import FaceEncoder

SIZES = ("width", "depth", "rank")  # of the network, in the file's metadata
LICENCE = "MIT; learned from draws of MobileStyleGAN (Apache-2.0) and features of ST-LPIPS (BSD-2-Clause)"


def build(facts: Mapping[str, str]) -> "FaceEncoder":
    from stages.nets.encoder_net import FaceEncoder

    width, depth, rank = (int(facts[name]) for name in SIZES)
    return FaceEncoder(width=width, depth=depth, rank=rank)


ENTRY = Network(
    role="encoder",
    title="Encoder",
    origin=Checkpoint("encoder.safetensors", None, LICENCE, made_by="snakemake encoder"),
    read=reader("encoder", SIZES, build),
    build=build,
    generator="mobilestylegan",
    reads="stlpips_vgg",
)
