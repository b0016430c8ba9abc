"""Records: what every stage wrote, file by file with its digest. Who reads a file compares.

Jobs run side by side, so a reader can meet files and records that another job is making anew. Whoever makes files
removes their record first and writes it last. So a record that stays in its place vouches for its files all the while,
and one that is gone belongs to a job at work and accuses nothing.

Snakemake and DVC use digests and times to decide what to run, and take what lies there for what was made: a bit that
flipped on the disk, or in DVC's cache, would enter the results. `python -m stages.records` checks everything.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, cast

from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.formats.files import sha256, sha256_file, write_json

FOLDER = Path("data/records")  # in the folder of the run, from which all paths count


class ItemRecord(TypedDict):
    """What a record says of an item; a stage may say more."""

    item: str
    status: Literal["ok", "failed"]
    reason: NotRequired[str]
    unreadable: NotRequired[bool]  # another system's image is there and cannot be used
    key: NotRequired[str]
    seconds: NotRequired[float]
    peak_mib: NotRequired[int]
    environment: NotRequired[Mapping[str, object]]
    warnings: NotRequired[Sequence[str]]
    px: NotRequired[int]  # of a face: side of its square in the photo


class Record(TypedDict):
    """What `run_items` notes of a stage."""

    stage: str
    files: Mapping[str, str]
    weights: Mapping[str, str]
    items: Sequence[ItemRecord]
    environment: NotRequired[Mapping[str, object]]


def sealed(body: Mapping[str, object]) -> dict[str, object]:
    """A JSON object with a digest of itself in it."""
    return {**body, "digest": sha256(canonical(body).encode())}


def unsealed(content: bytes) -> dict[str, Any] | None:
    """The object that was sealed, or None if the text is none or was altered."""
    try:
        body = json.loads(content)
        digest = body.pop("digest")
        return body if sha256(canonical(body).encode()) == digest else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(path: Path, stage: str, files: Iterable[Path], **facts: object) -> None:
    """Write the record of a stage: the files that it made, as they are now on disk, and facts about them."""
    write_json(path, sealed({"stage": stage, "files": {str(file): sha256_file(file) for file in files}, **facts}))


def read_record(path: Path) -> Record:
    """Read the record of a stage; raises UserError if it is missing or damaged."""
    try:
        record = unsealed(path.read_bytes())
    except FileNotFoundError:
        record = None
    if record is None:
        raise UserError(f"{path}: missing or damaged; remove it and run again")
    return cast("Record", record)


def items_of_records(stem: Path) -> dict[str, ItemRecord]:
    """What a stage notes of its items, by item: in STEM.json, and in all records of the folder STEM.

    Raises:
        UserError: there is no such record, or one is damaged.
    """
    own = stem.with_name(f"{stem.name}.json")
    paths = [own] if own.is_file() else []
    paths += sorted(stem.rglob("*.json"))
    records = [read_record(path) for path in paths or [own]]
    return {item["item"]: item for record in records for item in record["items"]}


class Listed(NamedTuple):
    """What a record says about a file."""

    record: Path
    digest: str


def written() -> dict[Path, Listed]:
    """All files that the stages wrote; raises UserError if a record is damaged."""
    listed: dict[Path, Listed] = {}
    damaged = []
    for path in sorted(FOLDER.rglob("*.json")):
        try:
            record = unsealed(path.read_bytes())
        except FileNotFoundError:
            continue  # a job at work has removed it since it was found
        if record is None:
            damaged.append(str(path))
        else:
            listed |= {Path(file): Listed(path, digest) for file, digest in record["files"].items()}
    if damaged:
        raise UserError(f"{', '.join(damaged)}: missing or damaged; remove it and run again")
    return listed


def is_damaged(file: Path, record: Path) -> bool:
    """Whether a file is there and not what a record says, and the record stays in its place while one looks."""
    try:
        with record.open("rb") as opened:  # while it is open, no other file gets its inode
            body = unsealed(opened.read())
            expected = body["files"].get(str(file)) if body else None
            if expected is None or sha256_file(file) == expected:
                return False
            return os.path.samestat(os.fstat(opened.fileno()), record.stat())
    except FileNotFoundError:
        return False  # a job at work has removed the one or the other


def check(files: Iterable[Path]) -> dict[Path, str]:
    """The digests of files that are about to be read.

    Raises:
        UserError: a file is not what the stage that made it wrote.
    """
    digests = {path: sha256_file(path) for path in files}
    _refuse_damaged(digests)
    return digests


def _refuse_damaged(digests: Mapping[Path, str]) -> None:
    listed = written()
    suspects = [path for path, digest in digests.items() if path in listed and listed[path].digest != digest]
    if damaged := [str(path) for path in suspects if is_damaged(path, listed[path].record)]:
        raise UserError(f"{', '.join(damaged)}: not as the stage wrote it, damaged or edited; remove it and run again")


def check_below(folders: Iterable[Path]) -> None:
    """Check all files below some folders that a record lists, as `check` does."""
    below = tuple(folders)
    _check_there(path for path in written() if any(map(path.is_relative_to, below)))


def check_manifests() -> None:
    """Check the manifests that a record lists, as `check` does: a flipped bit makes another pair of one."""
    _check_there(path for path in written() if path.suffix == ".csv")


def _check_there(files: Iterable[Path]) -> None:
    """Check files as `check` does; one that is not there is left to Snakemake, or another job is making it."""
    digests = {}
    for path in files:
        with suppress(FileNotFoundError):
            digests[path] = sha256_file(path)
    _refuse_damaged(digests)
