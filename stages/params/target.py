"""Section `target` of params.yaml."""

from typing import Annotated, Literal

from typing_extensions import TypedDict

from stages.params.fields import Rate, Steps, doc, section


@section(
    "What the official fill does after its holes are filled: a face is fitted to the target map and shows the rest."
)
class CompletionParams(TypedDict):
    sign: Annotated[
        Literal["realistic", "fidelity"],
        doc("fidelity keeps background where the target map has it; realistic does not"),
    ]
    steps: Annotated[Steps, doc("of each of the two fits")]
    rate: Rate


@section("The label map that the composite of a pair should have.")
class TargetParams(TypedDict):
    fill: Annotated[
        str, doc("of holes, a file of stages/fills: telea (paper), navier_stokes, centre, official (two fitted faces)")
    ]
    completion: CompletionParams
