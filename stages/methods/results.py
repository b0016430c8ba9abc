"""The composites of another system, from a folder of images that are named after the pairs."""

from pathlib import Path as FilePath
from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.fields import Path, doc, section


@section(
    "Another system's images: `python -m stages.ingest --name mine --dir results/mine` checks them and says this line.",
    example={"kind": "results", "images": "results/mine"},
)
class Choice(TypedDict):
    kind: Literal["results"]
    images: Annotated[Path, doc("folder of its composites, each named after its pair")]
    reconstructions: NotRequired[Annotated[Path, doc("folder of images named after the faces: a reconstruction row")]]
    system: NotRequired[Annotated[str, doc("which of stages/systems made them, for the report")]]


def prepare(job: Job) -> Work:
    from stages.methods._results import taken_over

    return Work(*taken_over(FilePath(job.choice["images"]), list(job.pairs), "pair", job.out), params={})


ENTRY = Method(choice=Choice, prepare=prepare, supplied=("images", "reconstructions"))
