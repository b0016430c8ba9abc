"""Barbershop and its ablations: codes of the images, aligned to the target map or not, are blended in latent space."""

from typing import Annotated, Literal

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.composing import BlendParams
from stages.params.fields import doc, section


@section(
    "Codes of the images, aligned to the target map or not, blended in latent space.",
    example={"kind": "latent", "code": "fs", "align": True},
)
class Choice(TypedDict):
    kind: Literal["latent"]
    code: Annotated[
        Literal["fs", "fs_faces", "w", "i2s", "w_single", "encoder", "psp", "e4e"],
        doc(
            "fs, fs_faces (F moves as faces' F differs), w (W+), i2s (W+ without the P-norm), w_single (one w for all "
            "rows), or by an encoder of that name: encoder (F and S), or psp or e4e (W+), whose file you supply"
        ),
    ]
    align: bool


def prepare(job: Job) -> Work:
    from stages.methods._latent import work

    return work(job)


ENTRY = Method(
    choice=Choice,
    prepare=prepare,
    reads=("faces", "maps", "targets", "aligned"),
    networks=("generator", "parser", "perceptual"),
    section="blend",
    params=BlendParams,
    # Embedding and blending compare features; alignment also follows the parser.
    minimises=lambda choice: ("perceptual", "parser") if choice["align"] else ("perceptual",),
)
