"""Section `blend` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.alignment import Smooth
from stages.params.fields import Batch, Betas, Rate, Steps, Variant, Weight, doc, section


@section("Blending of the aligned references into one image.")
class BlendParams(TypedDict):
    variant: Annotated[
        Variant,
        doc("official: one weight clamped to [0, 1], against the photos, outside all hair and inside the reference's"),
    ]
    batch: Batch
    steps: Steps
    rate: Rate
    betas: Betas
    blocks: Annotated[
        int,
        Field(ge=1, le=5, description="blocks of the perceptual network in the masked loss, 3 as in the official code"),
    ]
    against: Annotated[Literal["aligned", "photos"], doc("aligned (paper) or photos")]
    look_mse: Annotated[
        Weight, doc("weight of the squared error of what gets another image's look than that of its shape")
    ]
    look_rate: Annotated[Rate, doc("of F there")]
    smooth: Annotated[Smooth, doc("px, as in align")]
