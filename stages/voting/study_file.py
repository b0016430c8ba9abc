"""The study in its folder: study.json, sealed by a digest of itself. It is the key: no file that is served holds it.

study.json       what is compared, in which words; which picture is of which method
pictures/        copies of all pictures under random names
votes.sqlite     the answers
sheets.json      what the offline page asks, if one was made
"""

import json
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stages.engine.stage_records import sealed, unsealed
from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.formats.files import sha256, write_json
from stages.statistics.votes import ATTENTION, IDENTICAL, PRACTICE, LeftOut
from stages.voting.words import Words

FILE, PICTURES, ANSWERS, SHEETS = "study.json", "pictures", "votes.sqlite", "sheets.json"
SUFFIX = ".webp"
Picture = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
CheckKind = Literal["attention", "identical", "practice"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """A photo above the two pictures, and what it gives."""

    picture: Picture
    says: str


class Composite(_Part):
    """A method's picture, and the sha256 of the composite that it is a copy of."""

    picture: Picture
    sha256: str


class VotedPair(_Part):
    """A pair: its photos, and the composites by method."""

    pair: str
    sources: list[Source]
    composites: dict[str, Composite]


class Comparison(_Part):
    """Two methods on a pair, which is the number `pair` in `Study.pairs`."""

    pair: int
    methods: tuple[str, str]


class Check(_Part):
    """A trial that is no comparison: a composite, and a copy of it that is damaged or, of kind identical, the same."""

    kind: CheckKind
    pair: int
    method: str
    picture: Picture
    other: Picture


class Study(_Part):
    """All that a study is.

    `seed`: of sides and orders. `token`: what the link holds if the study is open to others. `share`: comparisons that
    a person is asked. `allowed_wrong`: of the attention trials; with more, a person's answers do not count.
    """

    format: Literal[1]
    made: str
    seed: int
    token: str
    words: Words
    size: int
    share: Annotated[int, Field(ge=1)]
    allowed_wrong: Annotated[int, Field(ge=0)]
    methods: list[str]
    pairs: list[VotedPair]
    comparisons: Annotated[list[Comparison], Field(min_length=1)]
    checks: list[Check]
    left_out: list[LeftOut]

    def checks_of(self, kind: str) -> list[Check]:
        """The trials of a kind."""
        return [check for check in self.checks if check.kind == kind]

    @property
    def practice(self) -> list[Check]:
        """The trials at the beginning, which do not count."""
        return self.checks_of(PRACTICE)

    @property
    def attention(self) -> list[Check]:
        """The trials that have a right answer."""
        return self.checks_of(ATTENTION)

    @property
    def identical(self) -> list[Check]:
        """The trials of which both pictures are the same."""
        return self.checks_of(IDENTICAL)


class Opened(NamedTuple):
    """A study, its folder, and its digest, by which its answers know it."""

    study: Study
    folder: Path
    digest: str

    def picture(self, name: str) -> Path:
        """The file of a picture."""
        return self.folder / PICTURES / f"{name}{SUFFIX}"


def write_study(folder: Path, study: Study) -> None:
    """Write study.json; raises UserError if it cannot be written."""
    write_json(folder / FILE, sealed(json.loads(study.model_dump_json())))


def open_study(folder: Path) -> Opened:
    """Read the study of a folder.

    Raises:
        UserError: there is none, or it was altered since it was built.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: no study ({error.strerror}); `python -m stages.study build` makes one") from error
    body = unsealed(content)
    if body is None:
        raise UserError(f"{path}: was altered since it was built; put back the file as it was, or build another study")
    try:
        study = Study.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where}: {first['msg']}; it is of another version, build another study") from error
    return Opened(study, folder, sha256(canonical(body).encode()))  # the same that seals it
