"""Registry: the networks. One file a network says where its weights come from, how they are read and how it is built.

Its module is called as params.yaml calls the network and defines `ENTRY`, a `Network`. What is imported at the top must
not be torch: planning reads all entries. `stages.nets` holds the architectures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stages.formats.pinned import Pinned

if TYPE_CHECKING:
    from torch import Tensor, nn

HELP = "docs/paper-networks.md says how to get it"

Role = Literal["generator", "parser", "perceptual", "landmarks", "identity", "encoder", "translator", "completer"]
Tensors = Mapping[str, "Tensor"]


@dataclass(frozen=True)
class Checkpoint:
    """A file that the user supplies: its usual name, what its sha256 begins with where that is known, its licence.

    `made_by`: the command that makes it, if this project does.
    """

    file: str
    sha256: str | None
    licence: str
    made_by: str | None = None

    def describe(self) -> str:
        """What the file should be."""
        if self.made_by:
            return f"{self.file}: leave the key out for the repository's, or make one with `{self.made_by}`"
        return self.file + (f", whose sha256 begins with {self.sha256}" if self.sha256 else ", sha256 not published")


@dataclass(frozen=True)
class Network:
    """A network.

    `role`: what it can be used for. `title`: what the report calls it. `origin`: where its weights come from.
    `read`: tensors of the weight file, and facts for its metadata, from the archive or checkpoint; raises UserError if
    that is not as expected. `build`: the network without weights, from the metadata of its weight file. `scheme`: of a
    parser, the name of its label scheme. `generator`: of an encoder, the network whose codes it gives. `reads`: of an
    encoder that gives F and S too, the perceptual network whose features it reads. `fill`: of a completer, the fill
    that asks it.
    """

    role: Role
    title: str
    origin: Pinned | Checkpoint
    read: Callable[[Path], tuple[Tensors, dict[str, str]]]
    build: Callable[[Mapping[str, str]], "nn.Module"]
    scheme: str | None = None
    generator: str | None = None
    reads: str | None = None
    fill: str | None = None
