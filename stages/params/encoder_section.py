"""Section `encoder` of params.yaml."""

from typing import Annotated

from typing_extensions import TypedDict

from stages.params.fields import Count, Rate, Seed, Steps, Weight, doc, section


@section("Training of the project's own encoder (`snakemake encoder`); no other target depends on it.")
class EncoderParams(TypedDict):
    seed: Seed
    width: Annotated[Count, doc("channels within")]
    depth: Annotated[Count, doc("residual blocks at 32 px")]
    rank: Annotated[Count, doc("of the linear map beside them, which is fitted in closed form before the first step")]
    store: Annotated[Count, doc("draws in memory, 10 MB each; each is used several times")]
    fresh: Annotated[Count, doc("new ones a step")]
    batch: Annotated[Count, doc("draws a step")]
    steps: Annotated[Steps, doc("that compare F with the truth")]
    render_steps: Annotated[Steps, doc("after them, that also render the code, of half as many draws each")]
    rate: Annotated[Rate, doc("of Adam at the start; it falls as half a cosine")]
    felt: Annotated[Count, doc("draws by which is measured what a render feels of F")]
    truth: Annotated[Weight, doc("of F beside the render")]
    mse: Annotated[Weight, doc("of the render's squared error beside its perceptual distance")]
