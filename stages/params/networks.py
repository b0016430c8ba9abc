"""Sections `networks` and `checkpoints` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from stages.params.fields import doc, section


@section("The networks in use, by their files in stages/networks: the embedded ones, or the paper's, which you supply.")
class NetworksParams(TypedDict):
    generator: str
    parser: str
    perceptual: Annotated[str, doc("for the losses")]
    judges: Annotated[
        list[str],
        Field(min_length=1, description="perceptual networks that measure; the last one also measures each region"),
    ]
    judge_parsers: Annotated[
        list[str],
        doc(
            "More parsers that judge the composites, because alignment minimises networks.parser; for instance "
            "[bisenet16] if you have its file. Each adds a metric `judge IoU`."
        ),
    ]
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        doc(
            "Precision of losses and their gradients. auto: bfloat16 on a CPU that has instructions for it "
            "(AVX512-BF16, AMX), else float32. Results and measurements are always float32."
        ),
    ]
    tf32: Annotated[
        bool, doc("on a GPU only: true lets float32 products drop to TF32, which is faster and has 10 bits of mantissa")
    ]
