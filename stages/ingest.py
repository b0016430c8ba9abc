"""Stage `ingest`: the images of another system, named by pair or by face, as a method of their own.

    python -m stages.ingest --name mine --dir results/mine

checks them and prints the line of params.yaml that makes them a row; the pipeline calls it with `--out`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from PIL import Image

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError, UserError
from stages.formats.images import at_face_size, png_bytes, read_square
from stages.settings.config import check_section
from stages.settings.manifests import IMAGE_SUFFIXES, listed_pairs, read_faces, result_files

SMALLEST = 256  # px; below it a comparison with the others at 256 px would measure the size
RECONSTRUCTIONS = "reconstruction"  # folder beside the composites that may hold images named after the faces


def read_result(name: str, folder: Path, results: dict[str, Path]) -> Image.Image:
    """The image of one pair or face.

    Raises:
        ItemError: it is missing, not an image, not square, or smaller than 256 px.
    """
    if name not in results:
        raise ItemError(f"{folder}: no image named {name}")
    return read_square(results[name], f"{SMALLEST} px", SMALLEST, "the pair's faces are")


def bring_to_size(image: Image.Image) -> Result:
    """An image as PNG of 1024 px, and the size that it came in."""
    return Result({"image": png_bytes(at_face_size(image))}, {"px": image.width})


def problems(folder: Path, names: list[str], what: str) -> list[str]:
    """A line for every pair or face without a usable image; raises UserError as `result_files`."""
    results, lines = result_files(folder, names, what), []
    for name in names:
        try:
            read_result(name, folder, results)
        except ItemError as error:
            lines.append(str(error))
    known = set(results.values())
    others = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p not in known)
    if others:
        left_out = ", ".join(others[:6]) + (" …" if len(others) > 6 else "")
        logger.info("%s: %d images are named after no %s and are left out: %s", folder, len(others), what, left_out)
    logger.info("%s: %d of %d %ss have a usable image", folder, len(names) - len(lines), len(names), what)
    return lines


def check(name: str, folder: Path, pairs: list[str], faces: list[str]) -> tuple[str, list[str]]:
    """The line of params.yaml that makes another system's images a method, and a line for each that is unusable.

    Raises:
        UserError: as `result_files`, or the name cannot be a method's.
    """
    entry = {"images": str(folder)}
    bad = problems(folder, pairs, "pair")
    if (folder / RECONSTRUCTIONS).is_dir():
        entry["reconstructions"] = str(folder / RECONSTRUCTIONS)
        bad += problems(folder / RECONSTRUCTIONS, faces, "face")
    else:
        logger.info("%s: not there, so the method gets no reconstruction row", folder / RECONSTRUCTIONS)
    check_section("methods", {name: entry})
    return f"methods: {{{name}: {{{', '.join(f'{key}: {value}' for key, value in entry.items())}}}}}", bad


def main(
    name: Annotated[str, typer.Option(help="name of the method")],
    folder: Annotated[Path, typer.Option("--dir", help="folder of its images, each named after a pair or face")],
    of: Annotated[Literal["pairs", "faces"], typer.Option(help="what the images are named after")] = "pairs",
    images: Annotated[Path, typer.Option(help="images.csv")] = Path("data/images.csv"),
    pairs: Annotated[Path, typer.Option(help="pairs.csv")] = Path("data/pairs.csv"),
    out: Annotated[Path | None, typer.Option(help="folder to write; without it the images are only checked")] = None,
    record: Annotated[Path | None, typer.Option(help="record of the stage to write, with --out")] = None,
    log: Log = None,
) -> None:
    """Take the images of another system, or check them; a pair or face without one is a failed item."""
    log_to(log)
    faces = [face.image for face in read_faces(images)]
    if out is None or record is None:
        line, bad = check(name, folder, list(listed_pairs(pairs, images)), faces)
        for problem in bad:
            logger.info("%s", problem)
        typer.echo(line)
        if bad:
            raise UserError(f"{len(bad)} images are missing or unusable; with this line the report will name them")
        return
    names = list(listed_pairs(pairs, images)) if of == "pairs" else faces
    results = result_files(folder, names, of.removesuffix("s"))
    logger.info("%s: %d of %d %s have an image", folder, len(results), len(names), of)
    items = [
        Item(each, {"result": results[each]} if each in results else {}, {"image": out / f"{each}.png"})
        for each in names
    ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        try:
            return [bring_to_size(read_result(item.name, folder, results))]
        except ItemError as error:
            return [error]

    stage = "composites" if of == "pairs" else "reconstructions"
    run_items(f"{stage}-{name}", "stages.ingest", items, {}, {}, compute, record)


if __name__ == "__main__":
    run_stage(main)
