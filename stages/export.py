"""`python -m stages.export`: the pairs of a run for another system, in the form that its own script reads.

    python -m stages.export --layout hairfastgan --out results/hairfastgan

The run may be finished, or have its faces, maps and pairs only (`snakemake targets`). README.txt in the folder says
what to type. `python -m stages.ingest` then takes the results from where that script writes them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import check
from stages.errors import UserError
from stages.formats.files import is_failed, write_atomic
from stages.regions.pair import Pair
from stages.settings.layouts import MANIFEST, RESULTS, chosen, manifest, readme
from stages.settings.manifests import listed_pairs
from stages.settings.problems import check_unused, safe
from stages.settings.spreadsheets import read_table
from stages.systems import Artifact, Given

MAKES: Mapping[Artifact, str] = {"faces": "targets", "maps": "targets", "targets": "targets", "codes": "codes"}


def artifacts(pair: Pair, reads: Iterable[Artifact], data: Path, codes: Path) -> list[tuple[Artifact, Path]]:
    """The files of a pair that a layout is made of."""
    of_images = {"faces": data / "faces", "maps": data / "maps"}
    found: list[tuple[Artifact, Path]] = []
    for kind in reads:
        if kind in of_images:
            found += [(kind, of_images[kind] / f"{image}.png") for image in pair.images]
        elif kind == "targets":
            found.append((kind, data / "targets" / f"{pair.pair}.png"))
        else:
            found.append((kind, codes / f"{pair.identity}.safetensors"))
    return found


def without(pairs: Iterable[Pair], reads: Iterable[Artifact], data: Path, codes: Path) -> dict[str, str]:
    """Why a pair cannot be exported, by pair: an artifact of it failed.

    Raises:
        UserError: an artifact is not there.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        for kind, path in artifacts(pair, reads, data, codes):
            if not path.is_file():
                raise UserError(f"{safe(path)}: not there; type `snakemake {MAKES[kind]}` first")
            if is_failed(path):
                found.setdefault(pair.pair, f"no {kind.removesuffix('s')} was made of {path.stem}")
    return found


def texts_of(path: Path | None, needed: bool) -> dict[str, str]:
    """What the user wrote of the hair of each image; raises UserError if it is needed and not there, or wrong."""
    if path is None:
        if needed:
            raise UserError(
                "--texts: missing; name a table with the columns image and text, which says how each image's hair looks"
            )
        return {}
    rows, bad = read_table(path, ["image", "text"], ["image", "text"])
    if bad:
        raise UserError(f"{safe(path)}, {bad[0]}")
    return {row.cells["image"]: row.cells["text"] for row in rows if {"image", "text"} <= row.cells.keys()}


def main(
    layout: Annotated[str, typer.Option(help="name of the system, a file of stages/systems; or plain")],
    out: Annotated[Path, typer.Option(help="folder to write; it must be empty or not there")],
    name: Annotated[str | None, typer.Option(help="name of the method in params.yaml; else the layout's")] = None,
    images: Annotated[Path, typer.Option(help="images.csv")] = Path("data/images.csv"),
    pairs: Annotated[Path, typer.Option(help="pairs.csv")] = Path("data/pairs.csv"),
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")] = Path("data"),
    codes: Annotated[Path, typer.Option(help="folder of codes, for a system that begins with one")] = Path(
        "data/codes"
    ),
    texts: Annotated[Path | None, typer.Option(help="table image,text for a system that takes words")] = None,
    log: Log = None,
) -> None:
    """Write the pairs of a run for another system's script; README.txt in the folder says what to do next."""
    log_to(log)
    system, made_by = chosen(layout)
    check_unused(out)
    if not (pairs.is_file() and images.is_file()):
        raise UserError(f"{safe(pairs)}: not there; type `snakemake targets` first")
    words = texts_of(texts, system.needs_text)
    listed, folder = list(listed_pairs(pairs, images).values()), out.resolve()
    failed = without(listed, system.reads, data, codes)
    export = made_by(Given([pair for pair in listed if pair.pair not in failed], folder, data, codes, words))
    export = export._replace(left_out={**failed, **export.left_out})
    exported = [pair for pair in listed if pair.pair not in export.left_out]
    if not exported:
        raise UserError(f"no pair can be exported: {next(iter(export.left_out.values()))}")
    check(dict.fromkeys(path for content in export.files.values() for path in content.made_of))
    for file, content in export.files.items():
        write_atomic(out / file, content.make())
    (out / RESULTS).mkdir(parents=True, exist_ok=True)
    if export.results:
        write_atomic(out / MANIFEST, manifest(layout, export))
    write_atomic(out / "README.txt", readme(layout, name or layout, export, folder, Path.cwd()))
    for pair, why in export.left_out.items():
        logger.info("%s is left out: %s", pair, why)
    logger.info("%s: %d of %d pairs; README.txt there says what to do", safe(out), len(exported), len(listed))


if __name__ == "__main__":
    run_stage(main)
