"""MobileStyleGAN on FFHQ, 1024 px (Belousov 2021), from the OpenVINO files of the package random_face."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.pinned import Pinned
from stages.networks import Network, Tensors

if TYPE_CHECKING:
    from stages.nets.mobilestylegan_net import MobileStyleGAN


def read(archive: Path) -> tuple[Tensors, dict[str, str]]:
    """The state dict, with the statistics of its W space."""
    from stages.formats.archives import read_member
    from stages.nets.mobilestylegan_net import MobileStyleGAN
    from stages.nets.openvino_ir import mobilestylegan_state, read_constants
    from stages.nets.pca import principal_components

    parts = []
    for network in ("MappingNetwork", "SynthesisNetwork"):
        xml, binary = (read_member(archive, f"random_face/data/{network}.{suffix}") for suffix in ("xml", "bin"))
        parts.append(read_constants(xml, binary))
    state = mobilestylegan_state(*parts)
    generator = MobileStyleGAN()
    generator.load_state_dict(state, strict=False)
    return state | principal_components(generator), {}


def build(_: Mapping[str, str]) -> "MobileStyleGAN":
    from stages.nets.mobilestylegan_net import MobileStyleGAN

    return MobileStyleGAN()


ENTRY = Network(
    role="generator",
    title="MobileStyleGAN",
    origin=Pinned(
        "random_face",
        "2021.7.21.1",
        "random_face-2021.7.21.1-py3-none-any.whl",
        "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5",
        "Apache-2.0",
    ),
    read=read,
    build=build,
)
