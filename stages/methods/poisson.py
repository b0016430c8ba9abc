"""Poisson cloning: the gradients of what is taken, with the identity's colours at the border (Pérez et al. 2003)."""

from typing import Literal

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.methods._pasting import pasting
from stages.params.fields import section


@section("No network: their gradients, with the identity's colours at the border (Pérez et al. 2003).")
class Choice(TypedDict):
    kind: Literal["poisson"]


def prepare(job: Job) -> Work:
    from stages.regions.pasting import cloned

    return pasting(job, cloned, "poisson")


ENTRY = Method(choice=Choice, prepare=prepare, reads=("faces", "maps", "targets"))
