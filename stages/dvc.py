"""`python -m stages.dvc`: write dvc.yaml from the Snakemake rules."""

import sys
from typing import Annotated

import typer
import yaml

from stages.errors import UserError
from stages.settings.dvc import COMMAND, FILE, HEADER, pipeline


def main(
    check: Annotated[bool, typer.Option("--check", help="write nothing; fail if dvc.yaml is out of step")] = False,
) -> None:
    """Write dvc.yaml from the Snakemake rules and params.yaml."""
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
