"""Registry: the systems around the paper. One file a system says what it is and how a run gets a row of it.

Its module is called as `--layout` of `python -m stages.export` and `system` of a method of kind `results` call it, and
defines `ENTRY`, a `System`. A system is either measured here, by a method of this project, or run by its own code on
folders that are written here; where its public script cannot do that, the entry says why. Facts of other systems have
their source beside them: repository and path. No torch at the top: planning reads all entries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from stages.errors import UserError
from stages.regions.pair import Pair
from stages.registry import check_words

Artifact = Literal["faces", "maps", "targets", "codes"]


class Given(NamedTuple):
    """What a layout is given.

    `pairs`: those whose artifacts are there. `folder`: where it will be written, absolute. `data`: folder of the
    artifacts. `codes`: folder of the codes. `texts`: what the user wrote of the hair of an image, by image.
    """

    pairs: Sequence[Pair]
    folder: Path
    data: Path = Path("data")
    codes: Path = Path("data/codes")
    texts: Mapping[str, str] = {}


class Content(NamedTuple):
    """How a file of an export is made when it is written, and the artifacts that it is made of."""

    make: Callable[[], bytes]
    made_of: Sequence[Path] = ()


class Cut(NamedTuple):
    """Where in a file that a script writes the result is: size of the file; left, top, right, bottom; all in px."""

    size: tuple[int, int]
    box: tuple[int, int, int, int]


class Export(NamedTuple):
    """Folders for another system, all paths within the export's folder.

    `files`: by path. `runs`: commands to type in the system's own folder. `results`: the file that it makes, by pair;
    empty if it names its results as the pairs are. `left_out`: why, by pair. `notes`: what a user must know beside
    these. `cut`: where the result is in such a file, if it is not all of it.
    """

    files: Mapping[str, Content]
    runs: Sequence[str]
    results: Mapping[str, str]
    left_out: Mapping[str, str]
    notes: Sequence[str] = ()
    cut: Cut | None = None


Layout = Callable[[Given], Export]


@dataclass(frozen=True)
class System:
    """A system that the paper stands on, or is compared with.

    Args:
        title: what the report calls it. Rows of `stages/reporting/*.csv` have the same name.
        paper: whose, where, when.
        repository: owner and name of its public code; None if none was found.
        licence: of that code, as its README or licence file says; None if neither was found to say one.
        takes: what its script needs of a pair, and in which form that is written here, or that it is not.
        gives: file, size and crop of its result.
        facts: what was read about its script, and where: repository and path.
        layout: what is written for its script.
        reads: the artifacts that the layout is made of.
        needs_text: whether the user has to write what the hair looks like.
        why_not: why there is no layout, if it is not measured here either.
        kinds: the kinds of methods that are this system.
        codes: the kinds of code whose methods measure it.
        generator: whether it is the generator that all methods of this run may use.
        network: the network of `stages/networks` without which it cannot be measured here.

    Raises UserError if there is neither a layout nor a measure of it nor a reason, or an artifact is unknown.
    """

    title: str
    paper: str
    repository: str | None
    licence: str | None = None
    takes: Mapping[str, str] | None = None
    gives: str = ""
    facts: Mapping[str, str] | None = None
    layout: Layout | None = None
    reads: tuple[Artifact, ...] = ("faces",)
    needs_text: bool = False
    why_not: str = ""
    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    generator: bool = False
    network: str | None = None

    def __post_init__(self) -> None:
        check_words("reads", self.reads, get_args(Artifact))
        measured = bool(self.kinds or self.codes or self.generator)
        if sum([measured, self.layout is not None, bool(self.why_not)]) != 1:
            raise UserError("give one of kinds, codes or generator (measured here), a layout, and why_not")
        if self.layout is not None and not (self.takes and self.gives and self.facts):
            raise UserError("a layout needs takes, gives and facts: what its script reads and writes, and who says so")
