"""What the two backbones of shift-tolerant LPIPS share: both come from the package stlpips_pytorch."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.pinned import Pinned
from stages.networks import Network, Tensors

if TYPE_CHECKING:
    from stages.nets.stlpips import STLPIPS

ARCHIVE = Pinned(
    "stlpips_pytorch",
    "0.0.2",
    "stlpips_pytorch-0.0.2-py3-none-any.whl",
    "a412bf901a97c942b37af57c7c63b6e5d1aebfe8d1dfc17853d4b2f878630645",
    "BSD-2-Clause",
)


def entry(backbone: str, title: str) -> Network:
    """The network on a backbone, `vgg` or `alex`."""

    def read(archive: Path) -> tuple[Tensors, dict[str, str]]:
        from stages.formats.archives import read_member
        from stages.nets.checkpoint_files import tensors_of

        return tensors_of(read_member(archive, f"stlpips_pytorch/weights/vST0.0/{backbone}_shift_tolerant.pth")), {}

    def build(_: Mapping[str, str]) -> "STLPIPS":
        from stages.nets.stlpips import STLPIPS

        return STLPIPS(backbone)

    return Network("perceptual", title, ARCHIVE, read, build)
