"""Section `embed` of params.yaml."""

from typing import Annotated

from typing_extensions import TypedDict

from stages.params.fields import Batch, Betas, Count, Rate, Steps, Variant, Weight, doc, section


@section("II2S: from the mean w into W+. Only where a method uses W+, or where F and S begin at it.")
class WPlusParams(TypedDict):
    preview_steps: Annotated[
        Steps, doc("first steps, on images of 128 px computed from the generator's features; 0 in the paper")
    ]
    preview_every: Annotated[Count, doc("after so many of these steps such an image is corrected by an exact render")]
    steps: Steps
    rate: Rate
    betas: Annotated[Betas, doc("of Adam. Its own 0.9 and 0.999 average over more steps than there are here")]
    orthogonal: Annotated[
        bool,
        doc("true: steps as Muon makes them, in which weak directions count as strong ones. false: Adam's (paper)"),
    ]
    mse: Weight
    perceptual: Weight
    p_norm: Weight


@section("F and S, from embed.start on.")
class FSParams(TypedDict):
    steps: Steps
    rate_f: Rate
    rate_s: Rate
    betas: Betas
    orthogonal: bool
    mse: Weight
    perceptual: Weight
    l_f: Annotated[Weight, doc("weight of L_F = |F - F_init|²; 0 in the official code, which never applies it")]
    p_norm: Annotated[Weight, doc("0.001 in the official code")]


@section("Embedding of the faces.")
class EmbedParams(TypedDict):
    variant: Annotated[Variant, doc("official: squared error at full size, bicubic reduction, constant rates")]
    batch: Annotated[
        Batch,
        doc(
            "Images computed together. auto: on a GPU as many as fit into its free memory; on a CPU 1, since more are "
            "no faster there and would make an image's result depend on the others."
        ),
    ]
    start: Annotated[
        str,
        doc(
            "Where F and S begin. encoder: F that the project's own encoder gives; mean: the mean face; w: W+, found "
            "as below (paper); psp, e4e: W+ that these encoders give."
        ),
    ]
    w: WPlusParams
    fs: FSParams
