"""The project's own encoder for MobileStyleGAN: F, S and W+ of a face in one pass. `snakemake encoder` trains it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.encoder_net import FaceEncoder

SIZES = ("n_styles", "width", "depth", "rank", "axes")  # of the network, in the file's metadata
LICENCE = "MIT; learned from draws of MobileStyleGAN (Apache-2.0) and features of ST-LPIPS (BSD-2-Clause)"


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """The weights, which the file has in half precision, and the sizes of the network."""
    from safetensors.torch import load_file

    from stages.formats.weight_files import check_layout, read_metadata

    try:
        facts, state = read_metadata(path), load_file(path)
    except UserError as error:
        raise UserError(f"{path}: is no file that `snakemake encoder` has made; {HELP}") from error
    if not facts.keys() >= set(SIZES):
        raise UserError(f"{path}: does not say {', '.join(SIZES)}; make it with `snakemake encoder`")
    check_layout(path, state, build(facts).state_dict(), HELP)
    return {name: tensor.float() for name, tensor in state.items()}, {name: facts[name] for name in SIZES}


def build(facts: Mapping[str, str]) -> "FaceEncoder":
    from stages.nets.encoder_net import FaceEncoder

    n_styles, width, depth, rank, axes = (int(facts[name]) for name in SIZES)
    return FaceEncoder(n_styles, width=width, depth=depth, rank=rank, axes=axes)


ENTRY = Network(
    role="encoder",
    title="Encoder",
    origin=Checkpoint("encoder.safetensors", None, LICENCE),
    read=read,
    build=build,
    generator="mobilestylegan",
    reads="stlpips_vgg",
)
