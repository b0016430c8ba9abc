"""Stage `convert`: bring a checkpoint of the paper's networks to one weight file, its layout checked."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from stages import registry
from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.errors import UserError
from stages.formats.files import sha256_file, write_atomic
from stages.formats.weight_files import weights_bytes
from stages.networks import HELP, Checkpoint


@torch.no_grad()
def convert(network: str, path: Path) -> bytes:
    """The weight file of a network from its checkpoint.

    Raises:
        UserError: there is no such network, or the file is not the expected one, or of another layout.
    """
    net = registry.load("networks", network)
    if not isinstance(net.origin, Checkpoint):
        raise UserError(f"{network}: its weights come in an archive; `snakemake weights` fetches it")
    digest = sha256_file(path)
    if net.origin.sha256 and not digest.startswith(net.origin.sha256):
        raise UserError(f"{path}: its sha256 is {digest}; {network} needs {net.origin.describe()}; {HELP}")
    tensors, facts = net.read(path)
    origin = {
        "network": network, "package": path.name, "version": "supplied by the user", "sha256": digest,
        "bytes": str(path.stat().st_size), "licence": net.origin.licence, **facts,
    }  # fmt: skip
    return weights_bytes(tensors, origin)


def main(
    network: Annotated[str, typer.Option(help="name of the network, a file of stages/networks")],
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
