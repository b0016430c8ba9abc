"""`python -m stages.dvc`: write dvc.yaml from the Snakemake rules, and hand over to DVC what Snakemake has made."""

import subprocess
import sys
from typing import Annotated

import typer
import yaml

from stages.errors import UserError
from stages.settings.dvc_pipeline import COMMAND, FILE, HEADER, pipeline
from stages.settings.planned import check_made_with_params


def main(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail if dvc.yaml is out of step")] = False,
    commit: Annotated[
        bool, typer.Option("--commit", help="then hand all outputs to DVC; they must be made by params.yaml alone")
    ] = False,
) -> None:
    """Write dvc.yaml from the Snakemake rules and params.yaml."""
    write(check)
    if commit:
        take_over()


def take_over() -> None:
    """`dvc commit` of all outputs; refused if `snakemake` would make some of them anew.

    `dvc commit --force` by itself would record what came of `snakemake --configfile …` as made with params.yaml.
    """
    try:
        check_made_with_params()
    except UserError as error:
        sys.exit(f"error: {error}")
    sys.exit(subprocess.run([sys.executable, "-m", "dvc", "commit", "--force"]).returncode)


def write(check: bool) -> None:
    """Write dvc.yaml, or only check that it is what the rules say."""
    try:
        text = HEADER + yaml.safe_dump(pipeline(), sort_keys=False, width=1000)
    except UserError as error:
        sys.exit(f"error: {error}")
    if FILE.is_file() and FILE.read_text() == text:
        return
    if check:
        sys.exit(f"error: dvc.yaml is not what the rules say: run `{COMMAND}`")
    FILE.write_text(text)


if __name__ == "__main__":
    typer.run(main)
