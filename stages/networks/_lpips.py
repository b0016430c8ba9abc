"""What the two backbones of LPIPS share: torchvision's ImageNet weights, and heads from the package lpips."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.lpips_net import LPIPS


def entry(backbone: str, title: str, file: str, sha256: str) -> Network:
    """The network on a backbone, `vgg` or `alex`, of torchvision's file, whose sha256 begins as given."""

    def read(path: Path) -> tuple[Tensors, dict[str, str]]:
        from stages.nets.checkpoint_files import read_checkpoint, state_dict
        from stages.nets.lpips_net import lpips_state

        try:
            return lpips_state(backbone, state_dict(path, read_checkpoint(path))), {}
        except KeyError as error:
            raise UserError(f"{path}: no weights of torchvision's {backbone}, {error} is missing; {HELP}") from error

    def build(_: Mapping[str, str]) -> "LPIPS":
        from stages.nets.lpips_net import LPIPS

        return LPIPS(backbone)

    return Network("perceptual", title, Checkpoint(file, sha256, "BSD-3-Clause (torchvision)"), read, build)
