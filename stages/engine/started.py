"""How Snakemake was started: what it would take without a word, and not as it was meant."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from stages.errors import UserError
from stages.settings.problems import safe

PROFILE = "--workflow-profile"


def check_profile(arguments: Sequence[str], basedir: Path) -> None:
    """Check that there is a profile where Snakemake looks; it would go on without one.

    Args:
        arguments: of the command line.
        basedir: the folder of the Snakefile.

    Raises:
        UserError: there is none.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(PROFILE, dest="given", default="none")
    given = parser.parse_known_args(arguments)[0].given
    places = [Path(given), Path("profiles", given), basedir / "profiles" / given]
    if given != "none" and not any(place.exists() for place in places):
        raise UserError(f"{PROFILE} {safe(given)}: there is no such folder; this project's are in workflow/profiles")


def check_limits(gpus: object, cores: int | None, nodes: int | None) -> None:
    """Check the limits that Snakemake was given; raises UserError.

    Args:
        gpus: `--resources gpu=…`; None if it was not given.
        cores: `--cores`.
        nodes: `--jobs` of a cluster, which may have no GPU; None on this machine.
    """
    if cores is not None and cores < 1:
        raise UserError(f"--cores {cores}: no job could run; give 1 or more")
    if nodes is None and isinstance(gpus, int) and gpus < 1:
        raise UserError(
            f"--resources gpu={gpus}: Snakemake would run all jobs with networks at the same time; give how many may "
            "run at a time, 1 or more, also without a GPU"
        )
