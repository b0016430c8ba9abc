"""The paper's networks: which file each needs, from where, and how to know it. The Snakefile reads it: no torch."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError

HELP = "the README's section on the paper's networks says how to get it"


class Checkpoint(NamedTuple):
    """A file that the user supplies: its usual name, what its sha256 begins with where known, its licence."""

    file: str
    sha256: str | None
    licence: str


CHECKPOINTS = {
    "stylegan2": Checkpoint("ffhq.pt", None, "Nvidia Source Code License-NC"),
    "bisenet16": Checkpoint("seg.pth", None, "of Barbershop's authors; trained on CelebAMask-HQ, non-commercial"),
    "lpips_vgg": Checkpoint("vgg16-397923af.pth", "397923af", "BSD-3-Clause (torchvision)"),
    "lpips_alex": Checkpoint("alexnet-owt-7be5be79.pth", "7be5be79", "BSD-3-Clause (torchvision)"),
}


def describe(network: str) -> str:
    """What the file of a network should be."""
    known = CHECKPOINTS[network]
    return known.file + (f", whose sha256 begins with {known.sha256}" if known.sha256 else ", sha256 not published")


def check_present(networks: Iterable[str], paths: Mapping[str, str]) -> None:
    """Check that the files of all used networks are there; raises UserError naming the first that is not."""
    for network in networks:
        if network in CHECKPOINTS and not Path(paths[network]).is_file():
            raise UserError(f"{paths[network]}: no such file; {network} needs {describe(network)}; {HELP}")
