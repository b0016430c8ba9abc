"""`python -m stages.records`: check every file that the records of the stages list, and these records."""

import os
from collections import Counter
from pathlib import Path

import typer

from stages.engine.stage_records import distrust, is_damaged, written
from stages.formats.files import digest_if_file
from stages.formats.words import counted

KINDS = ("missing", "unreadable", "damaged")


def fault_of(file: Path, record: Path) -> str | None:
    """What is wrong with a file that a record lists, one of `KINDS`; None if nothing is."""
    if not os.path.lexists(file):
        return "missing"
    if digest_if_file(file) is None:
        return "unreadable"
    return "damaged" if is_damaged(file, record) else None


def main() -> None:
    """Check every file that a record lists, and the records; exit status 1 if one is not as it was written.

    A record that is gone cannot tell of its files: `snakemake -n` says what would be made again.
    """
    files, damaged = written()
    faults = [(fault, path) for path, (record, _) in files.items() if (fault := fault_of(path, record))]
    counts = Counter(fault for fault, _ in faults)
    for fault, path in faults:
        distrust(files[path].record)
        typer.echo(f"{fault}: {path}")
    for path in damaged:
        typer.echo(f"damaged record: {path}")
    said = [f"{counts[kind]} {kind}" for kind in KINDS if kind == "damaged" or counts[kind]]
    said += [counted(len(damaged), "damaged record")] if damaged else []
    typer.echo(", ".join([counted(len(files), "file"), *said]))
    if not files and not damaged:
        typer.echo("No stage has left a record here, so nothing can be checked.")
    if faults or damaged:
        typer.echo("Type `snakemake`: what it needs of that is made anew.")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
