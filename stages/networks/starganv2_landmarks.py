"""CelebA-HQ's mean landmarks, to which StarGAN v2's authors align faces: their celeba_lm_mean.npz, 98 points."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.starganv2_align import MeanLandmarks


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """The table, unchanged."""
    from stages.formats.weight_files import check_layout
    from stages.nets.checkpoint_files import read_array

    state = {"mean": read_array(path, "mean")}
    check_layout(path, state, build({}).state_dict(), HELP)
    if not state["mean"].isfinite().all():
        raise UserError(f"{path}: not all landmarks are finite; {HELP}")
    return state, {}


def build(_: Mapping[str, str]) -> "MeanLandmarks":
    from stages.nets.starganv2_align import MeanLandmarks

    return MeanLandmarks()


ENTRY = Network(
    role="translator",
    title="StarGAN v2, mean landmarks",
    origin=Checkpoint("celeba_lm_mean.npz", None, "CC BY-NC 4.0, of code and weights"),
    read=read,
    build=build,
)
