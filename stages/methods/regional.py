"""The aligned codes of another method, where each region keeps the styles of its own image.

S is one code for the whole image: where it is blended, skin takes on a share of the light of the hair's photo. Here
features of the layers behind F are mixed by the regions of the target map, with soft edges.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.fields import doc, section


@section(
    "Another method's aligned codes, where each region keeps its own image's S: two lights, a soft edge between them.",
    example={"kind": "regional", "of": "barbershop"},
)
class Choice(TypedDict):
    kind: Literal["regional"]
    of: Annotated[str, doc("the method that aligned them")]


@section("How methods of kind regional divide an image.")
class RegionalParams(TypedDict):
    soft: Annotated[
        float, Field(ge=0, le=256, description="px at 1024 px: standard deviation by which the borders are blurred")
    ]


def prepare(job: Job) -> Work:
    from functools import cache

    import torch

    from stages.codes.blending import blend_structure
    from stages.codes.embedding import with_structure
    from stages.engine.items import Item, Result
    from stages.errors import ItemError, UserError
    from stages.formats.images import FACE_SIZE, png_bytes
    from stages.formats.inputs import Inputs
    from stages.formats.tensors import to_image
    from stages.nets.device import choose_device
    from stages.nets.loading import load_generator
    from stages.regions.masks import blurred, region_mask, to_grid

    items = []
    for pair in job.pairs.values():
        if pair.painted(job.scheme):
            raise UserError(
                f"methods.{job.name}: every region keeps the look of the image that gives it, and pair {pair.pair} "
                "asks for another's look: leave out the one or the other"
            )
        inputs = {
            "target": job.folders.targets / f"{pair.pair}.png",
            "aligned": job.folders.aligned / f"{pair.pair}.safetensors",
        }
        items.append(Item(pair.pair, inputs, {"image": job.out / f"{pair.pair}.png"}, pair.facts))
    device = choose_device(job.tf32)
    reads = Inputs(device, job.scheme)
    generator = cache(lambda: load_generator(job.weights["generator"], device))

    @torch.no_grad()
    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        labels = reads.labels(batch, "target")
        shares = torch.cat([region_mask(labels, taken) for taken in job.pairs[batch[0].name].taken(job.scheme)], 1)
        code = reads.codes(batch, "aligned")
        alpha = torch.stack([to_grid(each[:, None], code["F"].shape[-1]) for each in shares.unbind(1)], 1)
        styles = torch.stack([with_structure(s, generator()) for s in code["S"].unbind(1)], 1)
        soft = blurred(shares, job.params["soft"] * labels.shape[-1] / FACE_SIZE)
        images = generator().render_regions(blend_structure(code["F"], alpha), styles, soft)
        return [Result({"image": png_bytes(to_image(image))}, {}) for image in images]

    return Work(items, compute, dict(job.params), {"generator": job.weights["generator"]}, read_ahead=reads.read_ahead)


ENTRY = Method(
    choice=Choice,
    prepare=prepare,
    reads=("targets", "aligned"),
    networks=("generator",),
    section="regional",
    params=RegionalParams,
)
