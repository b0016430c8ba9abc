"""The files of the paper's networks, which the user supplies. The Snakefile reads it: no torch."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from stages import registry
from stages.errors import UserError
from stages.formats.pinned import Pinned
from stages.networks import HELP, Checkpoint


def supplied_networks() -> list[str]:
    """Names of the networks whose file the user supplies."""
    return [name for name, net in registry.entries("networks").items() if isinstance(net.origin, Checkpoint)]


def embedded_networks() -> list[str]:
    """Names of the networks whose weights come in an archive."""
    return [name for name, net in registry.entries("networks").items() if isinstance(net.origin, Pinned)]


def check_present(networks: Iterable[str], paths: Mapping[str, str]) -> None:
    """Check that the files of all used networks are there; raises UserError naming the first that is not."""
    for network in networks:
        origin = registry.load("networks", network).origin
        if not isinstance(origin, Checkpoint):
            continue
        if network not in paths:
            raise UserError(f"checkpoints.{network}: name the file; {network} needs {origin.describe()}; {HELP}")
        if not Path(paths[network]).is_file():
            raise UserError(f"{paths[network]}: no such file; {network} needs {origin.describe()}; {HELP}")
