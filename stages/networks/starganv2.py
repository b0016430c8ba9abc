"""StarGAN v2 on CelebA-HQ (Choi et al. 2020), 256 px: its official 100000_nets_ema.ckpt, four networks in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.starganv2_net import StarGANv2

PARTS = ("generator", "mapping_network", "style_encoder", "fan")


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """The weights of the four networks, each tensor as NETWORK.KEY."""
    import torch

    from stages.formats.weight_files import check_layout
    from stages.nets.checkpoint_files import read_checkpoint, state_dict

    content = read_checkpoint(path)
    if not isinstance(content, dict) or (missing := [part for part in PARTS if part not in content]):
        what = f"no {', '.join(missing)}" if isinstance(content, dict) else "no networks by name"
        raise UserError(f"{path}: has {what}; StarGAN v2's file has {', '.join(PARTS)}; {HELP}")
    parts = {part: state_dict(path, content[part]) for part in content}
    state = {f"{part}.{key}": tensor for part, tensors in parts.items() for key, tensor in tensors.items()}
    with torch.device("meta"):  # only names and shapes are compared
        expected = build({}).state_dict()
    check_layout(path, state, expected, HELP)
    return state, {}


def build(_: Mapping[str, str]) -> "StarGANv2":
    from stages.nets.starganv2_net import StarGANv2

    return StarGANv2()


ENTRY = Network(
    role="translator",
    title="StarGAN v2",
    origin=Checkpoint("100000_nets_ema.ckpt", None, "CC BY-NC 4.0, of code and weights"),
    read=read,
    build=build,
)
