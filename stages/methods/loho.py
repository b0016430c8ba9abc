"""LOHO (Saha et al., CVPR 2021): hair by optimising W+ and noise maps, on the same pairs and networks."""

from typing import Literal

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.composing import LohoParams
from stages.params.fields import section


@section("LOHO (Saha et al. 2021), another method on the same networks and pairs.")
class Choice(TypedDict):
    kind: Literal["loho"]


def prepare(job: Job) -> Work:
    from stages.methods._loho import work

    return work(job)


ENTRY = Method(
    choice=Choice,
    prepare=prepare,
    reads=("faces", "maps", "targets"),
    networks=("generator", "parser", "perceptual"),
    section="loho",
    params=LohoParams,
    minimises=lambda _: ("perceptual",),
)
