"""The item store: every finished item of a stage under the fingerprint of all it depends on.

Snakemake deletes the outputs of a failed job and DVC those of a stage before it runs; what is in the store is
only copied again. `python -m stages.store` lists, verifies and prunes it.
"""

import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from stages.config import canonical
from stages.files import sha256, sha256_file, write_atomic
from stages.records import sealed, unsealed

ROOT = Path(".cache")
RECORD = "record.json"


class Stored(NamedTuple):
    """A finished item: its files by role, and its record."""

    contents: dict[str, bytes]
    record: dict[str, Any]


def fingerprint(**parts: Any) -> str:
    """sha256 over the canonical JSON of everything that a result depends on."""
    return sha256(canonical(parts).encode())


class Store:
    """The items of one stage below `root`/`stage`."""

    def __init__(self, stage: str, root: Path = ROOT) -> None:
        self.folder = root / stage

    def get(self, key: str) -> Stored | None:
        """The item under a fingerprint, or None if there is none or its content is damaged."""
        folder = self.folder / key
        record = _read_record(folder)
        if record is None:
            return None
        contents = {}
        for role, digest in record["files"].items():
            try:
                contents[role] = (folder / role).read_bytes()
            except OSError:
                return None
            if sha256(contents[role]) != digest:
                return None
        with suppress(OSError):  # a store that can only be read serves as well
            os.utime(folder)  # for `prune`: used now
        return Stored(contents, record["item"])

    def put(self, key: str, contents: Mapping[str, bytes], record: Mapping[str, Any]) -> None:
        """Store an item. The record comes last: without it the item does not count."""
        folder = self.folder / key
        for role, content in contents.items():
            write_atomic(folder / role, content)
        digests = {role: sha256(content) for role, content in contents.items()}
        # The record carries a digest of itself: a flipped bit in it must not pass for a result.
        body = {"files": digests, "item": dict(record)}
        write_atomic(folder / RECORD, json.dumps(sealed(body)).encode())


def _read_record(folder: Path) -> dict[str, Any] | None:
    try:
        return unsealed((folder / RECORD).read_bytes())
    except OSError:
        return None


def _entries(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("*/*") if path.is_dir() and re.fullmatch("[0-9a-f]{64}", path.name))


def _intact(folder: Path) -> bool:
    record = _read_record(folder)
    return record is not None and all(
        (folder / role).is_file() and sha256_file(folder / role) == digest for role, digest in record["files"].items()
    )


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Root = Annotated[Path, typer.Option(help="folder of the store")]


@app.command("list")
def list_items(root: Root = ROOT) -> None:
    """Print every item: stage, fingerprint, name, size, seconds it took."""
    for folder in _entries(root):
        item = (_read_record(folder) or {}).get("item", {})
        size = sum(file.stat().st_size for file in folder.iterdir())
        name, seconds = item.get("item", "damaged"), item.get("seconds", 0.0)
        typer.echo(f"{folder.parent.name}\t{folder.name[:12]}\t{name}\t{size}\t{seconds:.1f}")


@app.command()
def verify(root: Root = ROOT) -> None:
    """Check every item against its digests; exit status 1 if one is damaged (it would be recomputed)."""
    entries = _entries(root)
    damaged = [folder for folder in entries if not _intact(folder)]
    for folder in damaged:
        typer.echo(f"damaged: {folder}")
    typer.echo(f"{len(entries)} items, {len(damaged)} damaged")
    raise typer.Exit(bool(damaged))


@app.command()
def prune(
    days: Annotated[float, typer.Option(help="remove items that were stored or used longer ago than this")],
    root: Root = ROOT,
) -> None:
    """Remove items not used for some days, and damaged ones."""
    limit = time.time() - days * 86_400
    removed = [folder for folder in _entries(root) if folder.stat().st_mtime < limit or not _intact(folder)]
    for folder in removed:
        shutil.rmtree(folder)
    typer.echo(f"removed {len(removed)} items")


if __name__ == "__main__":
    app()
