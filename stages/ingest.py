"""Stage `ingest`: the images of another system, named by pair or by face, as a method of their own.

    python -m stages.ingest --name mine --dir results/mine

checks them and prints the line of params.yaml that makes them a row, or adds it (`--write`). In a folder of
`python -m stages.export` it first brings what the system wrote to the names of the pairs. Its composites are then taken
over by the method kind `results`, its reconstructions by this command with `--out`.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from anyascii import anyascii

from stages.engine.command import Log, log_to, names_in, run_stage
from stages.engine.command import log as logger
from stages.engine.items import run_items
from stages.errors import ItemError, UserError
from stages.formats.foreign_images import read_result
from stages.methods._results import taken_over
from stages.scoring.failures import is_constant
from stages.settings.layouts import MANIFEST, RESULTS, bring_back
from stages.settings.manifests import listed_pairs, read_faces
from stages.settings.problems import quoted, safe
from stages.settings.results_folders import look_through
from stages.settings.yaml_files import add_entry, entry_line, read_yaml

RECONSTRUCTIONS = "reconstruction"  # folder beside the composites that may hold images named after the faces
TOLD = 20  # files left out that the check names


def problems(folder: Path, names: list[str], what: str) -> list[str]:
    """A line for every pair or face without a usable image; raises UserError as `look_through`.

    An image of one colour is not usable, nor is one that is the same as another's. The other rules of failures
    (`stages.scoring.failures`) need the images of the pairs: the report tells.
    """
    found, lines = look_through(folder, names, what), []
    known: dict[bytes, str] = {}
    for name in names:
        try:
            image = np.asarray(read_result(name, folder, found.files))
        except ItemError as error:
            lines.append(str(error))
            continue
        first = known.setdefault(hashlib.sha256(image.tobytes()).digest(), name)
        if (failure := is_constant(image / 255)) is not None:
            lines.append(f"{found.files[name]}: {failure.found}")
        elif first != name:
            lines.append(f"{found.files[name]}: it is the image of {first}, pixel by pixel")
    left_out = [(path, reason) for path, reason in found.left_out if path != folder / RECONSTRUCTIONS]
    for path, reason in left_out[:TOLD]:
        logger.info("%s: %s; it is left out", safe(path), reason)
    if len(left_out) > TOLD:
        logger.info("%s: %d other files are left out", safe(folder), len(left_out) - TOLD)
    logger.info("%s: %d of %d %ss have a usable image", safe(folder), len(names) - len(lines), len(names), what)
    return lines


def check(name: str, folder: Path, pairs: list[str], faces: list[str]) -> tuple[dict[str, str], list[str]]:
    """The entry of `methods` that makes another system's images a method, and a line for each that is unusable.

    Raises:
        UserError: as `look_through`, or the name cannot be a method's.
    """
    if not re.fullmatch("[a-z][a-z0-9_]{0,49}", name):
        plain = re.sub("[^a-z0-9]+", "_", anyascii(name).lower()).lstrip("_0123456789")[:50].rstrip("_") or "mine"
        raise UserError(
            f"--name {quoted(name)}: a method's name has small letters, digits and _, begins with a letter, and has "
            f"50 of them at most; call it {plain}"
        )
    folder = Path(os.path.relpath(folder)) if folder.resolve().is_relative_to(Path.cwd().resolve()) else folder
    entry = {"kind": "results"}
    if (folder / MANIFEST).is_file():
        entry["system"], lines = bring_back(folder)
        for line in lines:
            logger.info("%s", line)
        folder = folder / RESULTS
    entry["images"] = folder.as_posix()
    bad = problems(folder, pairs, "pair")
    if (folder / RECONSTRUCTIONS).is_dir():
        entry["reconstructions"] = (folder / RECONSTRUCTIONS).as_posix()
        bad += problems(folder / RECONSTRUCTIONS, faces, "face")
    else:
        logger.info("%s: not there, so the method gets no reconstruction row", safe(folder / RECONSTRUCTIONS))
    return entry, bad


def say_or_write(name: str, entry: dict[str, str], params: Path, write: bool) -> None:
    """Print the line of params.yaml where a person can paste it, or write it there.

    Raises:
        UserError: it cannot be written, or there is such a method already.
    """
    if write:
        add_entry(params, "methods", name, entry)
        typer.echo(f"{safe(params)}: below methods there is a new line: {entry_line(name, entry)}")
        return
    there = (read_yaml(params) or {}).get("methods", {}) if params.is_file() else {}
    if isinstance(there, dict) and there.get(name) == entry:
        typer.echo(f"# {safe(params)} has this method already.")
    elif isinstance(there, dict) and name in there:
        raise UserError(
            f"{safe(params)}: methods has another entry {name} already; choose another --name, or remove it"
        )
    else:
        typer.echo(
            f"# {safe(params)} has a section methods: already. Put this line below it as the last, or add --write:\n"
            f"  {entry_line(name, entry)}"
        )


def main(
    name: Annotated[str, typer.Option(help="name of the method")],
    folder: Annotated[
        Path, typer.Option("--dir", help="folder of its images, each named after a pair or face; or of an export")
    ],
    images: Annotated[Path, typer.Option(help="images.csv")] = Path("data/images.csv"),
    pairs: Annotated[Path, typer.Option(help="pairs.csv")] = Path("data/pairs.csv"),
    out: Annotated[Path | None, typer.Option(help="folder to write; without it the images are only checked")] = None,
    record: Annotated[Path | None, typer.Option(help="record of the stage to write, with --out")] = None,
    params: Annotated[Path, typer.Option(help="params.yaml, which --write changes")] = Path("params.yaml"),
    write: Annotated[bool, typer.Option("--write", help="add the method to params.yaml")] = False,
    names: Annotated[
        frozenset[str] | None, typer.Option(parser=names_in, help="the faces to take, with commas; else all")
    ] = None,
    log: Log = None,
) -> None:
    """Check another system's images and print the line for params.yaml, or add it. Only the pipeline uses --out."""
    log_to(log)
    faces = [face.image for face in read_faces(images)] if names is None else sorted(names)
    if out is None or record is None:
        entry, bad = check(name, folder, list(listed_pairs(pairs, images)), faces)
        for problem in bad:
            logger.info("%s", problem)
        say_or_write(name, entry, params, write)
        if bad:
            raise UserError(
                f"{len(bad)} images are missing or unusable, each named above; with this line the report names them too"
            )
        return
    items, compute = taken_over(folder, faces, "face", out)
    run_items(f"reconstructions-{name}", ["stages.ingest"], items, {}, {}, compute, record)


if __name__ == "__main__":
    run_stage(main)
