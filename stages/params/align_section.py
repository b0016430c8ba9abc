"""Section `align` of params.yaml."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import Batch, Betas, Rate, Share, Steps, Variant, Weight, doc, section

# With 0 the official code dilates to everything and erodes to nothing.
Smooth = Annotated[int, Field(ge=1, le=256)]


@section("Alignment of what each reference gives to the target map.")
class AlignParams(TypedDict):
    variant: Annotated[
        Variant,
        doc("official: W+ moves along its own axes, the style is hair's alone, F is mixed in three smoothed steps"),
    ]
    batch: Batch
    steps: Annotated[Steps, doc("of the identity")]
    reference_steps: Annotated[Steps, doc("of every other reference")]
    rate: Annotated[Rate, doc("in the PCA-whitened space of W: steps along W's own axes leave the faces")]
    betas: Betas
    orthogonal: bool
    rows: Annotated[int, Field(ge=1, le=18, description="leading rows of W+ that move; the official variant moves 6")]
    start: Annotated[
        Share,
        doc("where they start: 1 at the embedding (paper); 0 at the mean face, which has no old hair to get rid of"),
    ]
    cross_entropy: Weight
    focus: Annotated[Weight, doc("how much more a pixel counts whose label has to change; 0: the paper's plain mean")]
    mse: Annotated[Weight, doc("of what stays as it is, against the embedding's own image; 0 in the paper")]
    perceptual: Annotated[Weight, doc("likewise")]
    perceptual_every: Annotated[
        int,
        Field(ge=1, le=1000, description="take it at every so many steps, where it counts so many times; 1: at all"),
    ]
    style: Annotated[
        Weight, doc("masked Gram loss, a share: of what is taken from a reference, and of the identity's skin (paper)")
    ]
    p_norm: Weight
    doubt: Annotated[
        Share,
        doc(
            "of a label that target.fill: learned gave; above it any label that hair may hide is as good. 1: never. No "
            "other fill says how sure it is"
        ),
    ]
    clear: Annotated[
        int,
        Field(
            ge=0,
            le=512,
            description="px at 512 px beside what has to go where the embedding's F is not kept either; 0 in the paper",
        ),
    ]
    smooth: Annotated[Smooth, doc("px at 256 px by which the official variant grows and shrinks hair")]
