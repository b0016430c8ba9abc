"""Stage `ingest`: the composites of another system, a folder of images named by pair, as a method of their own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stages.command import Log, log_to, run_stage, section
from stages.command import log as logger
from stages.config import listed_pairs, result_files
from stages.errors import ItemError
from stages.files import at_face_size, png_bytes, read_square
from stages.items import Item, Result, run_items

SMALLEST = 256  # px; below it a comparison with the others at 256 px would measure the size


def bring_to_size(path: Path) -> Result:
    """A composite as PNG of 1024 px, and the size that it came in.

    Raises:
        ItemError: not an image, not square, or smaller than 256 px.
    """
    image = read_square(path, f"{SMALLEST} px", SMALLEST, "the pair's faces are")
    return Result({"image": png_bytes(at_face_size(image))}, {"px": image.width})


def main(
    method: Annotated[Any, typer.Option(parser=section("methods"), help="one entry of `methods`, as JSON")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    out: Annotated[Path, typer.Option(help="folder of the composites")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Take the composites of another system; a pair without one is a failed item."""
    log_to(log)
    ((name, choice),) = method.items()
    folder = Path(choice["images"])
    names = list(listed_pairs(pairs, images))
    results = result_files(folder, names)
    logger.info("%s: %d of %d pairs have an image", folder, len(results), len(names))
    items = [
        Item(pair, {"result": results[pair]} if pair in results else {}, {"image": out / f"{pair}.png"})
        for pair in names
    ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        try:
            if item.name not in results:
                raise ItemError(f"{folder}: no image named {item.name}")
            return [bring_to_size(item.inputs["result"])]
        except ItemError as error:
            return [error]

    run_items(f"composites-{name}", "stages.ingest", items, {}, {}, compute, record)


if __name__ == "__main__":
    run_stage(main)
