"""A study as one file that needs no server, and the files of answers that come back.

The file has several sheets: each is what a server would ask one person. The page takes one by chance, or the one that
its address names after #. Which picture is of which method stays in the study's folder, in sheets.json.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stages.engine.stage_records import sealed, unsealed
from stages.errors import UserError
from stages.formats.files import write_json
from stages.statistics.votes import COMPARISON, PRACTICE
from stages.voting import pages
from stages.voting.pictures import encoded
from stages.voting.plan import Shown, Trial, pictures_of, trial_of, trials_of
from stages.voting.store import Answer
from stages.voting.study_file import SHEETS, Opened

LARGEST = 1_000_000  # bytes of a file of answers
QUALITY = 90  # of WebP in the file, which is to be sent


class Given(BaseModel):
    """An answer in a file."""

    model_config = ConfigDict(extra="forbid", strict=True)
    number: Annotated[int, Field(ge=0, le=100_000)]
    choice: Literal["left", "right"]
    ms: Annotated[int, Field(ge=0, le=86_400_000)]
    at: Annotated[float, Field(ge=0, le=4e9, allow_inf_nan=False)]


class AnswerFile(BaseModel):
    """A file of answers as the page saves it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[1]
    study: str
    code: Annotated[str, Field(pattern="^f[0-9a-f]{10}$")]
    sheet: Annotated[int, Field(ge=0)]
    answers: Annotated[list[Given], Field(max_length=10_000)]


class Read(NamedTuple):
    """The answers of all files, how many persons they are of, and a line for each file that could not be used."""

    answers: list[Answer]
    persons: int
    refused: list[str]


def draw_sheets(opened: Opened, count: int) -> list[list[Trial]]:
    """The sheets of a study's file: together they ask every comparison equally often, as far as can be."""
    asked = np.zeros(len(opened.study.comparisons), dtype=int)
    sheets = []
    for k in range(count):
        trials = trials_of(opened.study, f"sheet {k}", asked)
        for trial in trials:
            if trial.kind == COMPARISON:
                asked[trial.comparison] += 1
        sheets.append(trials)
    return sheets


def write_sheets(opened: Opened, sheets: Sequence[Sequence[Trial]]) -> None:
    """Keep what the file asks, with the methods. Raises UserError if another file was made of this study before."""
    path = opened.folder / SHEETS
    body = {"study": opened.digest, "sheets": [[list(trial) for trial in sheet] for sheet in sheets]}
    before = read_sheets(opened) if path.exists() else None
    if before is not None and before != [list(sheet) for sheet in sheets]:
        raise UserError(
            f"{path}: a page with other sheets was made of this study before, and answers to it may "
            f"come; ask for as many as then (--sheets {len(before)}), or build another study"
        )
    write_json(path, sealed(json.loads(json.dumps(body))))


def read_sheets(opened: Opened) -> list[list[Trial]]:
    """The sheets as they were written; raises UserError if they are missing, altered or of another study."""
    path = opened.folder / SHEETS
    try:
        body = unsealed(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"{path}: missing, so files of answers cannot be read; no offline page was made here"
        ) from error
    if body is None or body["study"] != opened.digest:
        raise UserError(f"{path}: was altered, or is of another study; put back the file as it was")
    return [
        [Trial(kind, number, pair, Shown(*a), Shown(*b), expected) for kind, number, pair, a, b, expected in sheet]
        for sheet in body["sheets"]
    ]


def page_of(opened: Opened, sheets: Iterable[Sequence[Trial]], size: int) -> str:
    """The study as one page, its pictures of `size` px at most."""
    study, told, names = opened.study, [], set[str]()
    for sheet in sheets:
        rows = []
        for trial in sheet:
            names.update(pictures_of(study, trial))
            # No server says whether a choice for practice was right, so the page knows the answer itself.
            rows.append(trial_of(study, trial) | {"practice": trial.expected if trial.kind == PRACTICE else ""})
        told.append(rows)
    # Sorted by their random names: in any other order they would tell how they were written.
    pictures = {name: _shrunk(opened.picture(name), size) for name in sorted(names)}
    return pages.whole_page(study.words, {"study": opened.digest, "sheets": told, "pictures": pictures})


def _shrunk(path: Path, size: int) -> str:
    with Image.open(path, formats=["WEBP"]) as image:
        small = image.convert("RGB")
    small.thumbnail((size, size), Image.Resampling.LANCZOS)
    return base64.b64encode(encoded(small, QUALITY)).decode()


def read_answers(opened: Opened, files: Sequence[Path]) -> Read:
    """Read files of answers. The first answer of a person to a trial stays, in the order of their times.

    A file that is none, or is of another study, is named and left out. The other files are read all the same.

    Raises:
        UserError: the study has no sheets.
    """
    sheets = read_sheets(opened) if files else []
    first: dict[tuple[str, int], tuple[Given, Trial]] = {}
    sheet_of: dict[str, int] = {}
    refused = []
    for path in sorted(files):
        try:
            found = _checked(path, opened, sheets)
            if sheet_of.setdefault(found.code, found.sheet) != found.sheet:
                raise ValueError("the same code as in another file, and another sheet")
        except (OSError, ValueError) as error:
            refused.append(f"{path.name}: {error}")
            continue
        for given in found.answers:
            key = (found.code, given.number)
            if key not in first or given.at < first[key][0].at:
                first[key] = (given, sheets[found.sheet][given.number])
    answers = [
        Answer(code, number, trial, given.choice, given.ms, given.at)
        for (code, number), (given, trial) in sorted(first.items(), key=lambda item: item[0])
    ]
    return Read(answers, len(sheet_of), refused)


def _checked(path: Path, opened: Opened, sheets: Sequence[Sequence[Trial]]) -> AnswerFile:
    """A file of answers; raises ValueError in words, or OSError."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"is larger than {LARGEST} bytes, so it is no file of answers")
    try:
        found = AnswerFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"is no file of answers ({where + ': ' if where else ''}{first['msg']})") from error
    if found.study != opened.digest:
        raise ValueError("its answers are to another study")
    if found.sheet >= len(sheets):
        raise ValueError(f"sheet {found.sheet} is none of this study's")
    numbers = [given.number for given in found.answers]
    if len(set(numbers)) != len(numbers) or max(numbers, default=0) >= len(sheets[found.sheet]):
        raise ValueError("a question is answered twice, or is none of its sheet")
    return found
