"""Stage `convert`: bring a checkpoint of the paper's networks to one weight file, its layout checked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.errors import UserError
from stages.formats.files import sha256_file, write_atomic
from stages.formats.weights import check_layout, weights_bytes
from stages.nets.bisenet import BiSeNet
from stages.nets.lpips_net import lpips_state
from stages.nets.pca import principal_components
from stages.nets.stylegan2 import StyleGAN2, size_of_state
from stages.regions.labels import CELEBAMASK_16
from stages.settings.checkpoints import CHECKPOINTS, HELP, describe

STATISTICS = ("mean_w", "pca_mean", "pca_components", "pca_stdev")


def read_checkpoint(path: Path) -> Any:
    """Read a PyTorch checkpoint, tensors only; raises UserError if it is none."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises anything at all on bytes that are no checkpoint
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: not a checkpoint of tensors ({reason}); {HELP}") from error


def state_dict(path: Path, content: Any) -> dict[str, Tensor]:
    """What was read, if it is tensors by name; raises UserError if it is anything else."""
    if not isinstance(content, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise UserError(f"{path}: holds no tensors by name; {HELP}")
    return dict(content)


def convert_stylegan2(path: Path, content: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
    """StyleGAN2's weights from `g_ema` and `latent_avg`, with the statistics of its W space."""
    if not isinstance(content, dict) or not {"g_ema", "latent_avg"} <= content.keys():
        raise UserError(f"{path}: has no g_ema and latent_avg, the layout of Barbershop's ffhq.pt; {HELP}")
    state, mean_w = state_dict(path, content["g_ema"]), state_dict(path, {"latent_avg": content["latent_avg"]})
    check_layout(path, {"latent_avg": mean_w["latent_avg"].flatten()}, {"latent_avg": torch.empty(512)}, HELP)
    try:
        net = StyleGAN2(size_of_state(state))
    except ValueError as error:
        raise UserError(f"{path}: {error}; {HELP}") from error
    expected = {key: tensor for key, tensor in net.state_dict().items() if key not in STATISTICS}
    check_layout(path, state, expected, HELP)
    net.load_state_dict(state, strict=False)
    statistics = principal_components(net.requires_grad_(False)) | {"mean_w": mean_w["latent_avg"].flatten()}
    return state | statistics, {"size": str(net.size)}


def convert_bisenet16(path: Path, content: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
    """BiSeNet-16's weights, unchanged."""
    state = state_dict(path, content)
    check_layout(path, state, BiSeNet(CELEBAMASK_16).state_dict(), HELP)
    return state, {}


def convert_lpips(backbone: str) -> Callable[[Path, Any], tuple[dict[str, Tensor], dict[str, str]]]:
    """Converter of torchvision's weights of a backbone to LPIPS, with the heads of the package `lpips`."""

    def convert(path: Path, content: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
        try:
            return lpips_state(backbone, state_dict(path, content)), {}
        except KeyError as error:
            raise UserError(f"{path}: no weights of torchvision's {backbone}, {error} is missing; {HELP}") from error

    return convert


CONVERTERS = {
    "stylegan2": convert_stylegan2,
    "bisenet16": convert_bisenet16,
    "lpips_vgg": convert_lpips("vgg"),
    "lpips_alex": convert_lpips("alex"),
}


@torch.no_grad()
def convert(network: str, path: Path) -> bytes:
    """The weight file of a network from its checkpoint.

    Raises:
        UserError: it is not the expected file, or of another layout.
    """
    known = CHECKPOINTS[network]
    digest = sha256_file(path)
    if known.sha256 and not digest.startswith(known.sha256):
        raise UserError(f"{path}: its sha256 is {digest}; {network} needs {describe(network)}; {HELP}")
    tensors, facts = CONVERTERS[network](path, read_checkpoint(path))
    origin = {
        "network": network, "package": path.name, "version": "supplied by the user", "sha256": digest,
        "licence": known.licence, **facts,
    }  # fmt: skip
    return weights_bytes(tensors, origin)


def main(
    network: Annotated[str, typer.Option(help=f"one of {', '.join(CHECKPOINTS)}")],
    checkpoint: Annotated[Path, typer.Option(help="the file that the user supplied")],
    out: Annotated[Path, typer.Option(help="weight file to write")],
    log: Log = None,
) -> None:
    """Convert a checkpoint of the paper's networks."""
    log_to(log)
    write_atomic(out, convert(network, checkpoint))
    logger.info("%s from %s", out, checkpoint)


if __name__ == "__main__":
    run_stage(main)
