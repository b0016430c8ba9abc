"""SEAN on CelebA-HQ (Zhu et al. 2020), 256 px: its official latest_net_G.pth, a flat state dict."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.sean_net import SEAN


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """The weights, unchanged."""
    import torch

    from stages.formats.weight_files import check_layout
    from stages.nets.checkpoint_files import read_checkpoint, state_dict

    state = state_dict(path, read_checkpoint(path))
    with torch.device("meta"):  # only names and shapes are compared
        expected = build({}).state_dict()
    check_layout(path, state, expected, HELP)
    return state, {}


def build(_: Mapping[str, str]) -> "SEAN":
    from stages.nets.sean_net import SEAN

    return SEAN()


ENTRY = Network(
    role="translator",
    title="SEAN",
    origin=Checkpoint(
        "latest_net_G.pth", None, "CC BY-NC-SA 4.0, academic research only (of the code; its weights have no own)"
    ),
    read=read,
    build=build,
)
