"""Sections `blend` and `loho` of params.yaml: parameters of kinds of method."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.align_section import Smooth
from stages.params.fields import Batch, Betas, Rate, Seed, Steps, Variant, Weight, doc, section


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
    against: Annotated[
        Literal["aligned", "photos"],
        doc("what the composite is compared with: the aligned images (paper), or the photos"),
    ]
    look_mse: Annotated[
        Weight, doc("weight of the squared error of a region whose look and shape come from two images")
    ]
    look_rate: Annotated[Rate, doc("rate of F in such a region")]
    smooth: Annotated[Smooth, doc("px, as in align")]


@section(
    "LOHO (Saha et al. 2021), a method of kind loho. paper.yaml has the values of its paper, for 1000 + 1000 steps."
)
class LohoParams(TypedDict):
    batch: Batch
    steps: Annotated[Steps, doc("of the first half: the face, and shape and structure of the hair")]
    style_steps: Annotated[Steps, doc("of the second half: also appearance and style of the hair")]
    rate: Rate
    noise_rate: Annotated[
        Rate, doc("of the noise maps; the paper's 0.1 needs the paper's slow start, or noise becomes waves")
    ]
    face: Weight
    hair: Weight
    style: Annotated[
        Weight, doc("the paper's 15000 is for VGG16, whose activations are a hundred times as large as ST-LPIPS's")
    ]
    appearance: Weight
    noise: Annotated[
        Weight,
        doc("of the noise maps' autocorrelation; the paper's 1e+5 leaves little weight to the rest in few steps"),
    ]
    jitter: Annotated[
        Weight, doc("noise on W+, in units of the spread of W, during the first three quarters of the steps")
    ]
    smooth: Annotated[
        int,
        Field(
            ge=0,
            description="px at 256 px by which hair grows in the mask of the face, and shrinks in the masks of hair",
        ),
    ]
    seed: Seed
