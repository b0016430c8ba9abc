"""Section `embed` of params.yaml."""

from typing import Annotated

from typing_extensions import TypedDict

from stages.params.fields import Batch, Betas, Count, Rate, Steps, Variant, Weight, doc, section


@section("II2S: from the mean w into W+.")
class WPlusParams(TypedDict):
    preview_steps: Annotated[Steps, doc("first, on images of 128 px read off the generator's features; 0 in the paper")]
    preview_every: Annotated[Count, doc("how often such an image is brought in line with an exact render")]
    steps: Steps
    rate: Rate
    betas: Annotated[Betas, doc("of Adam. Its own 0.9 and 0.999 remember more steps than there are here")]
    orthogonal: Annotated[
        bool, doc("a step as Muon makes it: weak directions count like strong ones. false: Adam's step (paper)")
    ]
    mse: Weight
    perceptual: Weight
    p_norm: Weight


@section("Then F and S.")
class FSParams(TypedDict):
    steps: Steps
    rate_f: Rate
    rate_s: Rate
    betas: Betas
    orthogonal: bool
    mse: Weight
    perceptual: Weight
    l_f: Annotated[Weight, doc("weight of L_F = |F - F_init|²; the official code never applies it (0)")]
    p_norm: Annotated[Weight, doc("the official code keeps its 0.001 here")]


@section("Embedding of the faces.")
class EmbedParams(TypedDict):
    variant: Annotated[Variant, doc("official: squared error at full size, bicubic reduction, constant rates")]
    batch: Annotated[
        Batch,
        doc(
            "Images at once. auto: on a GPU as many as fit into its free memory; on a CPU 1, since more are no faster "
            "there and would make an image's result depend on the others."
        ),
    ]
    start: Annotated[
        str,
        doc(
            "Where F and S begin. mean: the mean face; w: W+, embedded as below (paper); an encoder's code: "
            "encoder, psp or e4e."
        ),
    ]
    w: WPlusParams
    fs: FSParams
