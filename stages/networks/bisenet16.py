"""BiSeNet with Barbershop's own 16 labels, its seg.pth."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.bisenet import BiSeNet


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """The weights, unchanged."""
    from stages.formats.weight_files import check_layout
    from stages.nets.checkpoint_files import read_checkpoint, state_dict

    state = state_dict(path, read_checkpoint(path))
    check_layout(path, state, build({}).state_dict(), HELP)
    return state, {}


def build(_: Mapping[str, str]) -> "BiSeNet":
    from stages.nets.bisenet import BiSeNet
    from stages.regions.labels import CELEBAMASK_16

    return BiSeNet(CELEBAMASK_16)


ENTRY = Network(
    role="parser",
    title="BiSeNet, 16 labels",
    origin=Checkpoint("seg.pth", None, "of Barbershop's authors; trained on CelebAMask-HQ, non-commercial"),
    read=read,
    build=build,
    scheme="celebamask-16",
)
