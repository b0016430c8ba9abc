"""Folders for another system: which layouts there are, what README.txt says, and how the results come back.

A layout of a system is in its file in `stages/systems`; `plain` is this project's own, for any other. No torch here.
"""

import json
import re
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from stages import registry
from stages.errors import ItemError, UserError
from stages.formats.canonical import canonical
from stages.formats.files import write_atomic
from stages.formats.images import png_bytes, read_image
from stages.formats.words import counted
from stages.regions.pair import as_table
from stages.settings.manifests import csv_bytes
from stages.settings.problems import safe
from stages.systems import Content, Export, Given, Layout, System

PLAIN = "plain"
RESULTS = "results"  # folder of an export in which results have the names of their pairs
MANIFEST = "export.json"  # what an export remembers for `stages.ingest`


def plain(given: Given) -> Export:
    """Faces and the list of pairs in this project's own columns."""
    paths = {image: given.data / "faces" / f"{image}.png" for pair in given.pairs for image in pair.images}
    files = {f"faces/{image}.png": Content(path.read_bytes, [path]) for image, path in paths.items()}
    files["pairs.csv"] = Content(partial(csv_bytes, *as_table(given.pairs)))
    return Export(files, [], {}, {}, [
        "Read pairs.csv: everything comes from the image of column identity, but each region with a column of its own.",
        f"Write the result of a pair to {RESULTS}/PAIR.png, square, 256 px or more; 1024 px is best.",
    ])  # fmt: skip


ANY_SYSTEM = System(
    title="any system",
    paper="",
    repository=None,
    takes={"images": "faces/: the faces, PNG, 1024 px, cropped and turned as FFHQ's", "list": "pairs.csv: the pairs"},
    gives=f"{RESULTS}/PAIR.png",
    facts={"this project's own layout": "stages/settings/layouts.py"},
    layout=plain,
)


def with_layout() -> dict[str, System]:
    """What `--layout` may name: `plain`, and every system that has a layout."""
    systems = registry.entries("systems")
    return {PLAIN: ANY_SYSTEM} | {name: system for name, system in systems.items() if system.layout is not None}


def chosen(name: str) -> tuple[System, Layout]:
    """The system and layout of a name; raises UserError if there is none, with the reason if it is known."""
    known = with_layout()
    if name in known:
        return known[name], cast("Layout", known[name].layout)
    if name in registry.names("systems"):
        system = registry.load("systems", name)
        why = system.why_not or "it is measured here, by a method of this project (docs/own-method.md)"
        raise UserError(f"--layout {name}: {system.title} has none: {why}")
    raise UserError(f"--layout {safe(name)}: unknown{registry.did_you_mean(name, tuple(known))}")


def manifest(system: str, export: Export) -> bytes:
    """export.json: which system's results will be where in the folder, and where in such a file."""
    cut = None if export.cut is None else {"size": list(export.cut.size), "box": list(export.cut.box)}
    return (canonical({"system": system, "cut": cut, "results": dict(export.results)}) + "\n").encode()


def bring_back(folder: Path) -> tuple[str, list[str]]:
    """Bring the results that a system wrote into an export to the names of their pairs, in its folder `results`.

    What is no part of the result is cut off. All else stays as it is: another size is brought to 1024 px later, as
    every result is.

    Returns:
        The system, and a line for every pair without a result, or with one that is not as the script writes it.

    Raises:
        UserError: export.json is not as it was written.
    """
    known = _read_manifest(folder / MANIFEST)
    lines = []
    for pair, made in known["results"].items():
        path = folder / made
        if not path.is_file():
            lines.append(f"{safe(path)}: missing (pair {pair})")
            continue
        try:
            suffix, content = (path.suffix, path.read_bytes()) if known["cut"] is None else _cut(path, known["cut"])
        except ItemError as error:
            lines.append(f"{safe(str(error))} (pair {pair})")
            continue
        write_atomic(folder / RESULTS / f"{pair}{suffix}", content)
    return str(known["system"]), lines


def _cut(path: Path, cut: Mapping[str, list[int]]) -> tuple[str, bytes]:
    image = read_image(path)
    if list(image.size) != cut["size"]:
        had, wanted = ("×".join(map(str, size)) for size in (image.size, cut["size"]))
        raise ItemError(f"{path}: is {had} px; its script writes {wanted} px, of which the result is a part")
    left, top, right, bottom = cut["box"]
    return ".png", png_bytes(image.crop((left, top, right, bottom)))


def _read_manifest(path: Path) -> dict[str, Any]:
    """Raises UserError if it is not one that `manifest` wrote, or names files elsewhere."""
    try:
        known = json.loads(path.read_bytes())
        system, cut, results = known["system"], known["cut"], known["results"]
        right = system in with_layout() and all(
            re.fullmatch("[^/]+", pair) and ".." not in Path(made).parts and not Path(made).is_absolute()
            for pair, made in results.items()
        )
        right = right and (cut is None or (len(cut["size"]), len(cut["box"])) == (2, 4))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        right = False
    if not right:
        raise UserError(f"{safe(path)}: is not as `python -m stages.export` wrote it; export again into another folder")
    return cast("dict[str, Any]", known)


def readme(layout: str, name: str, export: Export, folder: Path, project: Path) -> bytes:
    """README.txt of an export: what is there, what to type where, and where the results come.

    Args:
        layout: its name.
        name: of the method in `params.yaml`.
        export: what the layout gave.
        folder: of the export, absolute.
        project: folder in which this project's commands are typed, absolute.
    """
    system, _ = chosen(layout)
    told = [system.paper, *([f"code {system.repository}"] if system.repository else [])]
    told += [f"licence {system.licence or 'not stated in its README'}"] if system.repository else []
    text = [f"Pairs for {system.title}, layout {layout}", *(["; ".join(told)] if system.paper else []), ""]
    text += [f"{what}: {where}" for what, where in (system.takes or {}).items()]
    text += [f"result: {system.gives}", *([""] if export.notes else []), *export.notes, ""]
    ours = folder if export.results else folder / RESULTS
    steps = [["In the folder of the system's own code:", *(f"    {run}" for run in export.runs)]] if export.runs else []
    steps.append([
        f"In {project}, check the results and add the method to params.yaml, then measure it:",
        f"    python -m stages.ingest --name {name} --dir {shlex.quote(str(ours))} --write",
        "    snakemake",
    ])  # fmt: skip
    for k, (first, *rest) in enumerate(steps, start=1):
        text += [f"{k}. {first}", *rest, ""]
    text.append("A pair without a result is counted as a failure, and named in the report.")
    if export.left_out:
        text += ["", f"Left out, and counted as missing: {counted(len(export.left_out), 'pair')}"]
        text += [f"    {pair}: {why}" for pair, why in export.left_out.items()]
    if system.repository:
        text += ["", "Where this was read (not tried: it needs the system's networks and a GPU):"]
        text += [f"    {what}: {where}" for what, where in (system.facts or {}).items()]
    return ("\n".join(text) + "\n").encode()
