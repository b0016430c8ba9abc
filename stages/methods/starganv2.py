"""StarGAN v2 (Choi et al., CVPR 2020): the identity in the style of the image that gives hair."""

from typing import Annotated, Literal

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.fields import doc, section


@section(
    "StarGAN v2 (Choi et al. 2020): the face in the hair's image's whole style, at 256 px. You supply its two files.",
    example={"kind": "starganv2", "domain": "auto"},
)
class Choice(TypedDict):
    kind: Literal["starganv2"]
    domain: Annotated[
        Literal["auto", "female", "male"],
        doc("of the hair's image, which no pair says. auto: by which the network rebuilds this image more closely"),
    ]


def prepare(job: Job) -> Work:
    from stages.methods._starganv2 import work

    return work(job)


ENTRY = Method(
    choice=Choice,
    prepare=prepare,
    reads=("faces",),
    own_networks=("starganv2", "starganv2_landmarks"),
    note="takes the reference's whole style, not its hair alone: make-up, beard, skin and background change too",
)
