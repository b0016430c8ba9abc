"""The project's own completer of label maps: what the hair of a face hid. `snakemake completer` trains it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stages.networks import Checkpoint, Network
from stages.networks._trained import reader

if TYPE_CHECKING:
    from stages.nets.completer_net import Completer

SIZES = ("scheme", "width")  # of the network, in the file's metadata
LICENCE = "MIT; learned from label maps of drawn faces, whose parser learned from CelebAMask-HQ: research use"


def build(facts: Mapping[str, str]) -> "Completer":
    from stages.nets.completer_net import Completer
    from stages.regions.labels import SCHEMES

    return Completer(SCHEMES[facts["scheme"]], int(facts["width"]))


ENTRY = Network(
    role="completer",
    title="Completer",
    origin=Checkpoint("completer.safetensors", None, LICENCE, made_by="snakemake completer"),
    read=reader("completer", SIZES, build),
    build=build,
    fill="learned",
)
