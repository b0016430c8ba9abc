"""SEAN (Zhu et al., CVPR 2020): an image made anew from the target map and a style code for each region."""

from typing import Literal

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.params.fields import section


@section("SEAN (Zhu et al. 2020): target map and codes of regions to an image of 256 px. You supply its checkpoint.")
class Choice(TypedDict):
    kind: Literal["sean"]


def prepare(job: Job) -> Work:
    from stages.methods._sean import work

    return work(job)


ENTRY = Method(
    choice=Choice,
    prepare=prepare,
    reads=("faces", "maps", "targets"),
    own_networks=("sean",),
    schemes=("celebamask-19",),
    note="makes the whole image anew, what stays and the background too",
)
