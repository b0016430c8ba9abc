"""Folders for another method: the pairs in the form that its own script reads, and where its results go afterwards.

What the scripts read was looked up in their repositories (AIRI-Institute/HairFastGAN: main.py; deepmancer/HairPort:
README.md). Nothing of them is copied here. No torch here.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError
from stages.regions.pair import Pair, as_table
from stages.settings.manifests import csv_bytes

RESULTS = "results"  # folder of an export in which results have the names that `stages.ingest` reads
COLLECT = "collect.sh"


class Export(NamedTuple):
    """What an export has beside the faces, all paths within its folder.

    `faces`: folder of the faces. `files`: texts by path. `runs`: commands to type in the other project's folder.
    `results`: file that the method makes, by pair; empty if it names its results as the pairs are.
    `left_out`: why, by pair. `notes`: what a user must know beside these.
    """

    faces: str
    files: Mapping[str, bytes]
    runs: Sequence[str]
    results: Mapping[str, str]
    left_out: Mapping[str, str]
    notes: Sequence[str]


Layout = Callable[[Sequence[Pair], Path], Export]


def plain(pairs: Sequence[Pair], folder: Path) -> Export:
    """Faces and the list of pairs in this project's own columns."""
    return Export("faces", {"pairs.csv": csv_bytes(*as_table(pairs))}, [], {}, {}, [
        "Read pairs.csv: everything comes from the image of column identity, but each region with a column of its own.",
        f"Write the result of a pair to {RESULTS}/PAIR.png, square, 256 px or more; 1024 px is best.",
    ])  # fmt: skip


def hairfastgan(pairs: Sequence[Pair], folder: Path) -> Export:
    """HairFastGAN's main.py: a line a pair, face, shape and colour; it names results after the three.

    Raises:
        UserError: it would give two pairs' results the same name.
    """
    lines, results, left_out = [], {}, {}
    owner: dict[str, str] = {}
    for pair in pairs:
        if why := _not_of_hair_alone(pair):
            left_out[pair.pair] = why
            continue
        shape = pair.regions.get("hair", pair.identity)
        images = (pair.identity, shape, pair.appearance.get("hair", shape))
        name = f"output/{'_'.join(images)}.png"
        if name in owner:
            raise UserError(
                f"HairFastGAN would write the results of {owner[name]} and {pair.pair} into one file, {name}: it joins "
                "names with _; rename the photos of one of the two"
            )
        owner[name], results[pair.pair] = pair.pair, name
        lines.append(" ".join(f"{image}.png" for image in images))
    given = {"input_dir": "inputs", "file_path": "pairs.txt", "output_dir": "output"}
    options = " ".join(f"--{option} {shlex.quote(str(folder / name))}" for option, name in given.items())
    files = {"pairs.txt": "".join(f"{line}\n" for line in lines).encode()}
    return Export("inputs", files, [f"python main.py {options}"], results, left_out, [
        "The faces are cropped and turned as FFHQ's, as HairFastGAN's script wants them; it aligns nothing itself.",
    ])  # fmt: skip


def hairport(pairs: Sequence[Pair], folder: Path) -> Export:
    """HairPort's pipeline: pairs.csv with target_id (hair) and source_id (face); a folder a result."""
    rows, results, left_out = [], {}, {}
    for pair in pairs:
        if why := _not_of_hair_alone(pair):
            left_out[pair.pair] = why
        elif pair.appearance:
            left_out[pair.pair] = "takes the look of another image, which HairPort cannot do"
        else:
            hair = pair.regions["hair"]
            rows.append([hair, pair.identity])
            made = "view_aligned/shape_hi3dgen__texture_mvadapter/{}_to_{}/w_seg/3d_aware/transferred_klein/{}"
            results[pair.pair] = made.format(hair, pair.identity, "hair_restored.png")
    options = "--shape_provider hi3dgen --texture_provider mvadapter --bald_version w_seg"
    run = f"python -m hairport.pipeline --data_dir {shlex.quote(str(folder))} {options}"
    files = {"pairs.csv": csv_bytes(["target_id", "source_id"], rows)}
    return Export("image", files, [run], results, left_out, [
        "HairPort wants two more things that are not made here: every image without its background in matted_image/,",
        "and a head mesh of every image in mvadapter/hi3dgen/IMAGE/shape_mesh.glb. Its README says how.",
    ])  # fmt: skip


LAYOUTS: Mapping[str, Layout] = {"plain": plain, "hairfastgan": hairfastgan, "hairport": hairport}


def _not_of_hair_alone(pair: Pair) -> str:
    """Why a pair is no transfer of hair, or nothing."""
    others = [column for column in pair.columns if column not in ("hair", "hair_appearance")]
    return f"takes {', '.join(others)}; the method transfers hair only" if others else ""


def collect_script(results: Mapping[str, str]) -> bytes:
    """A shell script that copies results to the names of their pairs, and names those that are missing."""
    lines = [
        "#!/bin/sh",
        "# Copies the method's results to the names of their pairs. A missing one is named and left out.",
        'cd "$(dirname "$0")" || exit 1',
        f"mkdir -p {RESULTS}",
        f'take() {{ if [ -f "$1" ]; then cp "$1" "{RESULTS}/$2.png"; else echo "missing: $1 (pair $2)" >&2; fi; }}',
        *(f"take {shlex.quote(made)} {shlex.quote(pair)}" for pair, made in results.items()),
    ]
    return ("\n".join(lines) + "\n").encode()


def readme(layout: str, name: str, export: Export, folder: Path, project: Path) -> bytes:
    """README.txt of an export: what is there, what to type where, and where the results come.

    Args:
        layout: its name.
        name: of the method in `params.yaml`.
        export: what the layout gave.
        folder: of the export, absolute.
        project: folder in which this project's commands are typed, absolute.
    """
    steps = []
    if export.runs:
        steps.append(["In the folder of the method's own code:", *(f"    {run}" for run in export.runs)])
    if export.results:
        steps.append(["Copy its results to the names of the pairs:", f"    sh {shlex.quote(str(folder / COLLECT))}"])
    steps.append([
        f"In {project}, check the results and add the method to params.yaml, then measure it:",
        f"    python -m stages.ingest --name {name} --dir {shlex.quote(str(folder / RESULTS))} --write",
        "    snakemake",
    ])  # fmt: skip
    text = [f"Pairs for another method, layout {layout}", "", f"{export.faces}/: the faces, PNG, 1024 px, aligned."]
    text += [f"{file}: the pairs." for file in export.files]
    text += ["", *export.notes, ""]
    for k, (first, *rest) in enumerate(steps, start=1):
        text += [f"{k}. {first}", *rest, ""]
    text.append("A pair without a result is counted as a failure, and named in the report.")
    if export.left_out:
        text += ["", f"{len(export.left_out)} pairs are not in the list. They will count as missing:"]
        text += [f"    {pair}: {why}" for pair, why in export.left_out.items()]
    return ("\n".join(text) + "\n").encode()
