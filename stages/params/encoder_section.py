"""Section `encoder` of params.yaml."""

from typing import Annotated

from typing_extensions import TypedDict

from stages.params.fields import Count, Rate, Seed, Steps, Weight, doc, section


@section("Training of the project's own encoder (`snakemake encoder`); no other target depends on it.")
class EncoderParams(TypedDict):
    seed: Seed
    width: Annotated[Count, doc("channels of the layers")]
    depth: Annotated[Count, doc("residual blocks at 32 px")]
    rank: Annotated[
        Count, doc("of the linear map that is added to them; it is fitted in closed form before the first step")
    ]
    store: Annotated[Count, doc("drawn faces kept in memory, 10 MB each; each is used several times")]
    fresh: Annotated[Count, doc("new drawn faces in each step")]
    batch: Annotated[Count, doc("drawn faces used in each step")]
    steps: Annotated[Steps, doc("first steps, which compare F with the true F")]
    render_steps: Annotated[Steps, doc("steps after these, which also render the code; with half as many faces each")]
    rate: Annotated[Rate, doc("of Adam at the start; it falls as half a cosine")]
    felt: Annotated[Count, doc("drawn faces by which is measured how much each part of F changes a render")]
    truth: Annotated[Weight, doc("weight of F's own error in the steps that render")]
    mse: Annotated[Weight, doc("weight of the render's squared error beside its perceptual distance")]
