"""Copy-paste: the pixels of what is taken, wherever its image shows it. No network."""

from typing import Literal

from typing_extensions import TypedDict

from stages.methods import Job, Method, Work
from stages.methods._pasting import pasting
from stages.params.fields import section


@section("No network: the pixels of what is taken, where its image shows it.")
class Choice(TypedDict):
    kind: Literal["copy"]


def prepare(job: Job) -> Work:
    from stages.regions.pasting import copied

    return pasting(job, copied, "copy")


ENTRY = Method(choice=Choice, prepare=prepare, reads=("faces", "maps", "targets"))
