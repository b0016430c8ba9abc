"""Images of another system, taken over one by one: a pair or face without a usable one is a failed item."""

from collections.abc import Sequence
from pathlib import Path

from stages.engine.command import log
from stages.engine.items import Compute, Item, Result
from stages.errors import ItemError
from stages.formats.foreign_images import bring_to_size, read_result
from stages.settings.manifests import result_files
from stages.settings.problems import safe


def taken_over(folder: Path, names: Sequence[str], what: str, out: Path) -> tuple[list[Item], Compute]:
    """Items of the images in a folder that are named after pairs or faces (`what`), and how they are computed.

    Raises:
        UserError: as `result_files`.
    """
    results = result_files(folder, names, what, part=True)  # of a chunk; planning has looked at all
    log.info("%s: %d of %d %ss have an image", safe(folder), len(results), len(names), what)
    items = [
        Item(name, {"result": results[name]} if name in results else {}, {"image": out / f"{name}.png"}, given=True)
        for name in names
    ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        try:
            return [Result(*bring_to_size(read_result(item.name, folder, results)))]
        except ItemError as error:
            return [error]

    return items, compute
