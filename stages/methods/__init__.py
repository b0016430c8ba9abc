"""Registry: the methods. One file a kind of method says what it needs, what its parameters are, and makes composites.

Its module is called as the `kind` in params.yaml and defines `ENTRY`, a `Method`. What is imported at the top must
not be torch: planning reads all entries. One rule and one command, `python -m stages.compose`, run any of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from stages.errors import UserError
from stages.networks import Role
from stages.params.whole import Choice
from stages.regions.labels import SCHEMES, LabelScheme
from stages.regions.pair import Pair
from stages.registry import check_words, names

if TYPE_CHECKING:
    from stages.engine.items import Compute, Item

Artifact = Literal["faces", "maps", "targets", "aligned", "composites"]


class Folders(NamedTuple):
    """Where the artifacts of earlier stages are; `composites` has a folder for each method, `aligned` is of one."""

    faces: Path
    maps: Path
    targets: Path
    aligned: Path
    composites: Path

    @classmethod
    def of(cls, data: Path, method: str) -> "Folders":
        """Those of a run whose artifacts are below `data`; the aligned codes are those of `method`."""
        return cls(data / "faces", data / "maps", data / "targets", data / "aligned" / method, data / "composites")


class Job(NamedTuple):
    """What a method is told.

    `name` and `choice`: its entry in `methods`. `params`: its own section, empty without one. `weights`: the files of
    the networks that it needs, by role, or by name if they are its own. `out`: the folder of its composites, each
    `out`/PAIR.png.
    """

    name: str
    choice: Choice
    params: Mapping[str, Any]
    scheme: LabelScheme
    pairs: Mapping[str, Pair]
    folders: Folders
    weights: Mapping[str, Path]
    precision: str
    tf32: bool
    out: Path


class Work(NamedTuple):
    """What has to be done: arguments of `stages.engine.items.run_items`, where each is explained."""

    items: Sequence["Item"]
    compute: "Compute"
    params: Mapping[str, object]
    weights: Mapping[str, Path] = {}
    batch: int | Literal["auto"] = 1
    read_ahead: Callable[[Sequence["Item"]], None] | None = None


@dataclass(frozen=True)
class Method:
    """A kind of method.

    Args:
        choice: a typed dictionary, what an entry in `methods` says: `kind`, and what else it may choose. `code` in it
            is the kind of code that images are embedded into.
        prepare: what has to be done; raises UserError if the pairs or parameters do not fit. Nothing is computed yet.
        reads: the artifacts of earlier stages that composites are made of. `composites` are another method's: that
            which `of` in `choice` names. With an `of`, `aligned` are that method's too.
        networks: the roles of the networks that it needs.
        own_networks: the names of networks that it needs whatever section `networks` names.
        schemes: the names of the label schemes that it knows; it knows any if none is named.
        section: the name of its own section of params.yaml, and `params` its typed dictionary.
        supplied: keys of `choice` that name a folder of the user's: `images` has composites that were made elsewhere,
            `reconstructions` images named after the faces.
        minimises: for its entry in `methods`, the roles of the networks that its losses use: what these networks
            measure is no independent judgement of it.
        note: what else than the pair asks for it changes, for the reader of its row: "takes …", "makes … anew".

    Raises UserError if an artifact, role, network or scheme is unknown, if only one of `section` and `params` is
    given, or if what reads composites does not say whose, or says whose what it does not read.
    """

    choice: type
    prepare: Callable[[Job], Work]
    reads: tuple[Artifact, ...] = ()
    networks: tuple[Role, ...] = ()
    own_networks: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    section: str | None = None
    params: type | None = None
    supplied: tuple[str, ...] = ()
    minimises: Callable[[Choice], tuple[Role, ...]] = lambda _: ()
    note: str = ""

    def __post_init__(self) -> None:
        check_words("reads", self.reads, get_args(Artifact))
        check_words("networks", self.networks, get_args(Role))
        check_words("own_networks", self.own_networks, names("networks"))
        check_words("schemes", self.schemes, tuple(SCHEMES))
        if (self.section is None) != (self.params is None):
            raise UserError("section and params belong together: give both or none")
        says_whose = "of" in getattr(self.choice, "__annotations__", ())
        if ("composites" in self.reads and not says_whose) or (
            says_whose and not {"composites", "aligned"} & {*self.reads}
        ):
            raise UserError(
                "reads: composites and the key `of` of choice belong together: give both or none, or `of` with aligned"
            )
