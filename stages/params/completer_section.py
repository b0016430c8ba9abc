"""Section `completer` of params.yaml."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import Count, Rate, Seed, Steps, doc, section


@section("Training of the network of `target.fill: learned` (`snakemake completer`); no other target depends on it.")
class CompleterParams(TypedDict):
    seed: Seed
    width: Annotated[Count, doc("channels at 64 px")]
    faces: Annotated[
        int, Field(ge=3, le=100_000, description="faces that are drawn and parsed; each takes a quarter of a second")
    ]
    batch: Annotated[Count, doc("label maps used in each step")]
    steps: Steps
    rate: Annotated[Rate, doc("of Adam at its peak; it falls as half a cosine")]
