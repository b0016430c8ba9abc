"""Stage `compose`: the composites of one method, whatever its kind."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from stages import registry
from stages.engine.command import TF32, Log, Precision, Scheme, Weights, as_json, log_to, run_stage
from stages.engine.items import Compute, Item, Result, run_items
from stages.errors import ItemError, UserError
from stages.formats.images import FACE_SIZE
from stages.methods import Folders, Job
from stages.params.whole import Methods
from stages.settings.config import check_section
from stages.settings.manifests import listed_pairs


def make_composites(job: Job, record: Path) -> None:
    """Make the composites of all pairs of a job and the stage's record.

    Raises:
        UserError: as `run_items`, or a composite is no PNG of the faces' size.
    """
    kind = job.choice["kind"]
    work = registry.load("methods", kind).prepare(job)
    modules = ["stages.compose", registry.module("methods", kind)]
    run_items(
        f"composites-{job.name}", modules, work.items, work.params, work.weights, _checked(job, work.compute), record,
        work.batch,
        read_ahead=work.read_ahead,
    )  # fmt: skip


def _checked(job: Job, compute: Compute) -> Compute:
    """The same computation, whose composites must be of the faces' size: in another they'd be compared all the same."""

    def checked(batch: Sequence[Item]) -> Sequence[Result | ItemError]:
        results = compute(batch)
        for item, result in zip(batch, results, strict=False):  # `run_items` checks how many there are, and what
            content = result.contents.get("image") if isinstance(result, Result) else None
            if isinstance(content, bytes) and (wrong := _fault(content, size := _size(job, item.name))):
                must = f"it must be a PNG in RGB of {size}×{size} px"
                raise UserError(
                    f"stages/methods/{job.choice['kind']}.py: the composite of {item.name} is {wrong}; {must}"
                )
        return results

    return checked


def _size(job: Job, pair: str) -> int:
    """Edge of the identity's face, px: a small generator draws small ones. Results from elsewhere become 1024 px."""
    face = job.folders.faces / f"{job.pairs[pair].references[0]}.png"
    if "images" in registry.load("methods", job.choice["kind"]).supplied or not face.is_file():
        return FACE_SIZE
    with Image.open(face) as image:
        return image.width


def _fault(content: bytes, size: int) -> str:
    """What is wrong with a composite by its header, or nothing."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            right = image.size == (size, size) and image.mode == "RGB"
            return "" if right else f"{image.mode} of {image.width}×{image.height} px"
    except OSError:
        return "no PNG"


def main(
    method: Annotated[Methods, typer.Option(parser=as_json("methods"), help="one entry of `methods`, as JSON")],
    params: Annotated[
        dict[str, object], typer.Option(parser=as_json(), help="its own section of params.yaml, as JSON; or {}")
    ],
    scheme: Scheme,
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    out: Annotated[Path, typer.Option(help="folder of the composites")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    precision: Precision,
    weights: Weights,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Make the composite of every pair by one method."""
    log_to(log)
    ((name, choice),) = method.items()
    if own := registry.load("methods", choice["kind"]).section:
        check_section(own, params)
    job = Job(
        name,
        choice,
        params,
        scheme,
        listed_pairs(pairs),
        Folders.of(data, choice.get("of", name)),
        weights,
        precision,
        tf32,
        out,
    )
    make_composites(job, record)


if __name__ == "__main__":
    run_stage(main)
