"""The composites of another system, from a folder of images that are named after the pairs."""

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Annotated, Literal, NotRequired, TypedDict

from stages.methods import Job, Method, Work
from stages.params.fields import Path, doc, section


@section("Another system's results.")
class Choice(TypedDict):
    kind: Literal["results"]
    images: Annotated[Path, doc("folder of its composites, each named after its pair")]
    reconstructions: NotRequired[Annotated[Path, doc("folder of images named after the faces: a reconstruction row")]]


def prepare(job: Job) -> Work:
    from stages.engine.items import Item, Result
    from stages.errors import ItemError
    from stages.formats.results import bring_to_size, read_result
    from stages.settings.manifests import result_files

    folder = FilePath(job.choice["images"])
    results = result_files(folder, list(job.pairs))
    items = [
        Item(pair, {"result": results[pair]} if pair in results else {}, {"image": job.out / f"{pair}.png"})
        for pair in job.pairs
    ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        try:
            image = read_result(item.name, folder, results)
        except ItemError as error:
            return [error]
        return [Result(*bring_to_size(image))]

    return Work(items, compute, {})


ENTRY = Method(choice=Choice, prepare=prepare, supplied=("images", "reconstructions"))
