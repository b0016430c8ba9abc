"""Section `loho` of params.yaml."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import Batch, Rate, Seed, Steps, Weight, doc, section


@section("LOHO (Saha et al. 2021), a method of kind loho. paper.yaml has the values of its paper, for 2000 steps.")
class LohoParams(TypedDict):
    batch: Batch
    steps: Annotated[Steps, doc("of the first stage: the face, and shape and structure of the hair")]
    style_steps: Annotated[Steps, doc("of the second: the hair's appearance and style too")]
    rate: Rate
    noise_rate: Annotated[Rate, doc("of the noise maps; the paper's 0.1 needs its slow start, or noise turns to waves")]
    face: Weight
    hair: Weight
    style: Annotated[
        Weight, doc("the paper's 15000 is for VGG16, whose activations are a hundred times as large as ST-LPIPS's")
    ]
    appearance: Weight
    noise: Annotated[
        Weight, doc("of the noise maps' autocorrelation; with the paper's 1e+5 they follow little else in few steps")
    ]
    jitter: Annotated[
        Weight, doc("noise on W+, in units of the spread of W, until three quarters of the steps are done")
    ]
    smooth: Annotated[
        int,
        Field(
            ge=0,
            description="px at 256 px by which hair grows where the face counts, and shrinks where it counts itself",
        ),
    ]
    seed: Seed
