"""`python -m stages.store`: list, verify and prune the items that were computed, and say why one was computed again."""

import shutil
import time
from pathlib import Path
from typing import Annotated

import typer

from stages.engine.item_store import ROOT, is_intact, read_stored, stored_folders
from stages.engine.why import differences, since, stored_as
from stages.formats.words import counted

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Root = Annotated[Path, typer.Option(help="folder of the store")]


@app.command("list")
def list_items(root: Root = ROOT) -> None:
    """Print every item: stage, fingerprint, name, size, seconds it took."""
    folders = stored_folders(root)
    if not folders:
        typer.echo(f"{root} holds no item yet", err=True)
    else:
        typer.echo("stage\tfingerprint\titem\tbytes\tseconds")
    for folder in folders:
        item = (read_stored(folder) or {}).get("item", {})
        size = sum(file.lstat().st_size for file in folder.iterdir())
        name, seconds = item.get("item", "damaged"), item.get("seconds", 0.0)
        typer.echo(f"{folder.parent.name}\t{folder.name[:12]}\t{name}\t{size}\t{seconds:.1f}")


@app.command()
def verify(root: Root = ROOT) -> None:
    """Check every item against its digests; exit status 1 if one is damaged (it is then computed again)."""
    folders = stored_folders(root)
    damaged = [folder for folder in folders if not is_intact(folder)]
    for folder in damaged:
        typer.echo(f"damaged: {folder}")
    typer.echo(f"{counted(len(folders), 'item')}, {len(damaged)} damaged")
    raise typer.Exit(bool(damaged))


@app.command()
def prune(
    days: Annotated[float, typer.Option(min=0, help="remove items that were stored or used longer ago than this")],
    root: Root = ROOT,
) -> None:
    """Remove items not used for some days, and damaged ones."""
    limit = time.time() - days * 86_400
    removed = [folder for folder in stored_folders(root) if folder.stat().st_mtime < limit or not is_intact(folder)]
    for folder in removed:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            typer.echo(f"error: {folder}: cannot be removed ({error.strerror}); make it writable", err=True)
            raise typer.Exit(1) from None
    typer.echo(f"removed {counted(len(removed), 'item')}")


@app.command()
def why(
    item: Annotated[str, typer.Argument(help="name of a face or pair")],
    stage: Annotated[str | None, typer.Option(help="only this stage")] = None,
    root: Root = ROOT,
) -> None:
    """Say why an item was computed again: for each stage, in what its fingerprint differs from older ones.

    Also say what has changed in code and libraries since then, for which the next run will compute it anew.
    """
    found = {name: entries for name, entries in stored_as(item, root).items() if stage in (None, name)}
    if not found:
        typer.echo(f"error: {root} holds no item {item}" + (f" of stage {stage}" if stage else ""), err=True)
        raise typer.Exit(1)
    for name, (latest, *older) in found.items():
        typer.echo(
            f"{name}: {latest.key[:12]}, last used {time.strftime('%Y-%m-%d %H:%M', time.localtime(latest.used))}"
        )
        for line in since(latest):
            typer.echo(f"  has changed since: {line}")
        for entry in older:
            typer.echo(f"  differs from {entry.key[:12]} in:")
            for line in differences(entry.parts, latest.parts):
                typer.echo(f"    {line}")
        if not older:
            typer.echo("  the store has no other version of it")


if __name__ == "__main__":
    app()
