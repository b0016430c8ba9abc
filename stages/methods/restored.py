"""Another method's composites with the identity's own pixels back wherever the pair leaves it as it is. No network."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.fields import doc, section


@section(
    "Another method's composites, with the identity's own pixels where the pair leaves it as it is.",
    example={"kind": "restored", "of": "barbershop"},
)
class Choice(TypedDict):
    kind: Literal["restored"]
    of: Annotated[str, doc("the method that made them")]


@section("The way back to the photo, by methods of kind restored and by python -m stages.restore.")
class RestoredParams(TypedDict):
    margin: Annotated[
        float,
        Field(
            ge=0,
            le=256,
            description="px at 1024 px beside what changes, old hair too, that stay the composite's: strands, shadows",
        ),
    ]
    soft: Annotated[float, Field(ge=1, le=256, description="px at 1024 px over which it then becomes the photo")]
    reach: Annotated[
        float,
        Field(
            ge=0,
            le=256,
            description="px at 1024 px over which the composite's colours follow the photo's; 0: they stay as they are",
        ),
    ]


def prepare(job: Job) -> Work:
    import numpy as np
    from PIL import Image

    from stages.engine.items import Item, Result
    from stages.errors import ItemError
    from stages.formats.images import FACE_SIZE, png_bytes, read_rgb
    from stages.formats.label_maps import read_label_map
    from stages.regions.restoring import at_size, opacity, restored, unchanged

    composites = job.folders.composites / job.choice["of"]

    def item_of(name: str) -> Item:
        pair = job.pairs[name]
        inputs = {
            "composite": composites / f"{name}.png", "face": job.folders.faces / f"{pair.identity}.png",
            "map": job.folders.maps / f"{pair.identity}.png", "target": job.folders.targets / f"{name}.png",
        }  # fmt: skip
        return Item(name, inputs, {"image": job.out / f"{name}.png"}, pair.facts)

    def brought_back(item: Item) -> Result | ItemError:
        photo, composite = read_rgb(item.inputs["face"]), read_rgb(item.inputs["composite"])
        if photo.shape != composite.shape:
            sizes = f"{len(composite)} px, and the identity's face {len(photo)} px"
            return ItemError(f"{item.inputs['composite']}: has {sizes}; it cannot be restored")
        own, target = (read_label_map(item.inputs[role], job.scheme) for role in ("map", "target"))
        kept = at_size(unchanged(job.pairs[item.name], own, target, job.scheme), photo.shape)
        margin, soft, reach = (job.params[key] * len(photo) / FACE_SIZE for key in ("margin", "soft", "reach"))
        alpha = opacity(kept, margin, soft)
        image = restored(photo, composite, alpha, np.ones_like(kept), reach)
        return Result({"image": png_bytes(Image.fromarray(image))}, {})

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        return [brought_back(item) for item in batch]

    return Work([item_of(name) for name in job.pairs], compute, dict(job.params))


ENTRY = Method(
    choice=Choice,
    prepare=prepare,
    reads=("faces", "maps", "targets", "composites"),
    section="restored",
    params=RestoredParams,
)
