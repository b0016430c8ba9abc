"""The table of a preference study's answers: a row an answer, and what the study was.

Columns:
    rater: the code by which a person is known; nothing else is.
    number: the place of the question in the person's order, from 0.
    kind: `comparison`; or a trial that is no comparison of methods. `attention` and `practice` show a composite and a
        damaged copy of it, `identical` the same composite twice.
    pair: the pair of the composites.
    left, right: the methods of the two pictures. The same one twice in a trial that is no comparison.
    choice: `left` or `right`.
    expected: the side of the undamaged picture; empty where there is no right answer.
    ms: milliseconds from when all pictures were there to the answer, as the person's browser measured them.
    time: when the answer was stored, in UTC.
    source: `server`, or `file` for an answer that came in a file of the offline page.

What the study was stands in the file's metadata, as `StudyFacts`.
"""

import io
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from stages.formats.files import write_atomic

Kind = Literal["comparison", "attention", "identical", "practice"]
Side = Literal["left", "right"]
COMPARISON, ATTENTION, IDENTICAL, PRACTICE = "comparison", "attention", "identical", "practice"
LEFT, RIGHT = "left", "right"
FORMAT = "1"
ALLOWED = {
    "kind": {COMPARISON, ATTENTION, IDENTICAL, PRACTICE}, "choice": {LEFT, RIGHT}, "expected": {LEFT, RIGHT, ""},
    "source": {"server", "file"},
}  # fmt: skip
SCHEMA = pa.schema(
    [
        pa.field("rater", pa.string(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        *(
            pa.field(name, pa.string(), nullable=False)
            for name in ("kind", "pair", "left", "right", "choice", "expected")
        ),
        pa.field("ms", pa.int32(), nullable=False),
        pa.field("time", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
KEY = ["rater", "number"]


class LeftOut(BaseModel):
    """A comparison that the study does not ask: the pair, the method without a result, and why it has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pair: str
    method: str
    why: str


class StudyFacts(BaseModel):
    """What is known of the study beside its answers.

    `study`: its digest. `composites`: by method and pair the sha256 of the composite that was shown. `began`: persons
    who began. `withdrawn`: of these, whose answers were taken out as they asked. `share`: comparisons that a person is
    asked. `allowed_wrong`: the rule, so many attention trials may be wrong. `refused`: files of answers that could not
    be used, each with the reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    study: str
    question: str
    methods: list[str]
    pairs: int
    comparisons: int
    share: int
    attention: int
    allowed_wrong: int
    began: int
    withdrawn: int
    composites: dict[str, dict[str, str]]
    left_out: list[LeftOut]
    refused: list[str]


class Votes:
    """The answers (columns of `SCHEMA`) and the facts of their study."""

    def __init__(self, answers: pd.DataFrame, facts: StudyFacts) -> None:
        self.answers, self.facts = answers, facts


def write(votes: Votes, path: Path) -> None:
    """Write the table as Parquet, sorted by rater and time; the file appears whole or not at all.

    Raises:
        ValueError: a column is missing or a value does not fit its column.
        UserError: the file cannot be written.
    """
    try:
        table = pa.Table.from_pandas(votes.answers[SCHEMA.names], schema=SCHEMA, preserve_index=False)
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a value does not fit its column: {error}") from error
    metadata = {"format": FORMAT, "study": votes.facts.model_dump_json()}
    buffer = io.BytesIO()
    ordered = table.sort_by([("rater", "ascending"), ("time", "ascending")])
    pq.write_table(ordered.replace_schema_metadata(metadata), buffer, write_page_checksum=True)
    write_atomic(path, buffer.getvalue())


def read(path: Path) -> Votes:
    """Read a table that `write` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged or no such table; the message names it.
    """
    content = path.read_bytes()
    try:
        with pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True) as file:
            table = file.read()
        table.validate(full=True)
        metadata = table.schema.metadata or {}
        if metadata.get(b"format", b"").decode(errors="replace") != FORMAT or not table.schema.equals(SCHEMA):
            raise ValueError(f"its format or its columns are others than those of format {FORMAT}")
        facts = StudyFacts.model_validate_json(metadata[b"study"])
    except (pa.ArrowException, OSError, ValueError, KeyError, ValidationError) as error:
        raise ValueError(f"{path}: no table of votes ({' '.join(str(error).split())})") from error
    answers: pd.DataFrame = table.to_pandas()
    for column, known in ALLOWED.items():
        if wrong := sorted(set(answers[column]) - known):
            raise ValueError(f"{path}: no table of votes (column {column} has {wrong[0]!r})")
    compared = answers[answers["kind"] == COMPARISON]
    two = compared[["left", "right"]].min(axis=1) + " " + compared[["left", "right"]].max(axis=1)
    if answers.duplicated(KEY).any() or compared.assign(two=two).duplicated(["rater", "pair", "two"]).any():
        raise ValueError(f"{path}: no table of votes (a person answered the same question twice)")
    return Votes(answers, facts)
