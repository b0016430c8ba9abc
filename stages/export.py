"""`python -m stages.export`: the pairs of a run for another method, in the form that its own script reads.

    python -m stages.export --layout hairfastgan --out results/hairfastgan

The run may be finished, or have its faces and pairs only (`snakemake targets`). README.txt in the folder says what to
type, and where the results must come for `python -m stages.ingest`.
"""

from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import check
from stages.errors import UserError
from stages.formats.files import is_failed, write_atomic
from stages.regions.pair import Pair
from stages.settings.layouts import COLLECT, LAYOUTS, RESULTS, collect_script, readme
from stages.settings.manifests import listed_pairs
from stages.settings.problems import quoted, safe


def faces_of(pairs: list[Pair], folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The faces of some pairs by name, and why a pair cannot be exported.

    Raises:
        UserError: a face is not there.
    """
    files = {name: folder / f"{name}.png" for name in dict.fromkeys(name for pair in pairs for name in pair.images)}
    if missing := [path for path in files.values() if not path.is_file()]:
        raise UserError(f"{safe(missing[0])}: not there; type `snakemake targets` first")
    failed = {name for name, path in files.items() if is_failed(path)}
    without = {
        pair.pair: f"no face was made of {', '.join(sorted(failed & set(pair.images)))}"
        for pair in pairs
        if failed & set(pair.images)
    }
    return files, without


def main(
    layout: Annotated[str, typer.Option(help=f"for which script: {', '.join(LAYOUTS)}")],
    out: Annotated[Path, typer.Option(help="folder to write; it must be empty or not there")],
    name: Annotated[str | None, typer.Option(help="name of the method in params.yaml; else the layout's")] = None,
    images: Annotated[Path, typer.Option(help="images.csv")] = Path("data/images.csv"),
    pairs: Annotated[Path, typer.Option(help="pairs.csv")] = Path("data/pairs.csv"),
    faces: Annotated[Path, typer.Option(help="folder of the faces")] = Path("data/faces"),
    log: Log = None,
) -> None:
    """Write faces, list of pairs, README.txt and what else another method needs to be run on a run's pairs."""
    log_to(log)
    if layout not in LAYOUTS:
        raise UserError(f"--layout {quoted(layout)}: unknown; known are {', '.join(LAYOUTS)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{safe(out)}: is there already and not empty; remove it, or name another folder")
    if not (pairs.is_file() and images.is_file()):
        raise UserError(f"{safe(pairs)}: not there; type `snakemake targets` first")
    listed = list(listed_pairs(pairs, images).values())
    files, without_face = faces_of(listed, faces)
    folder = out.resolve()
    export = LAYOUTS[layout]([pair for pair in listed if pair.pair not in without_face], folder)
    export = export._replace(left_out={**without_face, **export.left_out})
    exported = [pair for pair in listed if pair.pair not in export.left_out]
    if not exported:
        raise UserError(f"no pair can be exported: {next(iter(export.left_out.values()))}")
    needed = {image: files[image] for pair in exported for image in pair.images}
    check(needed.values())
    (out / RESULTS).mkdir(parents=True, exist_ok=True)
    for image, path in needed.items():
        write_atomic(out / export.faces / f"{image}.png", path.read_bytes())
    for file, content in export.files.items():
        write_atomic(out / file, content)
    if export.results:
        write_atomic(out / COLLECT, collect_script(export.results))
    write_atomic(out / "README.txt", readme(layout, name or layout, export, folder, Path.cwd()))
    for pair, why in export.left_out.items():
        logger.info("%s is left out: %s", pair, why)
    logger.info(
        "%s: %d of %d pairs, %d faces; README.txt there says what to do",
        safe(out),
        len(exported),
        len(listed),
        len(needed),
    )


if __name__ == "__main__":
    run_stage(main)
