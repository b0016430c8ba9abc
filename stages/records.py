"""`python -m stages.records`: check every file that the stages wrote."""

import typer

from stages.engine.records import written
from stages.errors import UserError
from stages.formats.files import sha256_file


def main() -> None:
    """Check every file that the stages wrote; exit status 1 if one is missing or damaged."""
    try:
        expected = written()
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    damaged = [path for path, digest in expected.items() if not path.is_file() or sha256_file(path) != digest]
    for path in damaged:
        typer.echo(f"damaged: {path}")
    typer.echo(f"{len(expected)} files, {len(damaged)} damaged")
    raise typer.Exit(bool(damaged))


if __name__ == "__main__":
    typer.run(main)
