"""`python -m stages.records`: check every file that the stages wrote."""

import typer

from stages.engine.stage_records import is_damaged, written
from stages.errors import UserError


def main() -> None:
    """Check every file that the stages wrote; exit status 1 if one is missing or damaged."""
    try:
        listed = written()
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    damaged = [path for path, (record, _) in listed.items() if not path.is_file() or is_damaged(path, record)]
    for path in damaged:
        typer.echo(f"damaged: {path}")
    typer.echo(f"{len(listed)} files, {len(damaged)} damaged")
    raise typer.Exit(bool(damaged))


if __name__ == "__main__":
    typer.run(main)
