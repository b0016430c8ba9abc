"""Records: what every stage wrote, file by file with its digest. Who reads a file compares.

Jobs run side by side, so a reader can meet files and records that another job is making anew. Whoever makes files
removes their record first and writes it last. So a record that stays in its place vouches for its files all the while,
and one that is gone belongs to a job at work and accuses nothing.

Snakemake and DVC use digests and times to decide what to run, and take what lies there for what was made: a bit that
flipped on the disk, or in DVC's cache, would enter the results. `python -m stages.records` checks everything.

A stage that works on items has a record for each chunk of them, in a folder of its own: data/records/faces/003.json
vouches for a part of data/faces. So a reader needs the records of the folders it reads, not all.
"""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, cast

from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.formats.files import sha256, sha256_file, write_json

FOLDER = Path("data/records")  # in the folder of the run, from which all paths count
KEPT_BY = {"reconstructions": "codes"}  # folders of data whose files the records of another one list


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
    aligned: NotRequired[bool]  # whether it was cropped and turned
    square: NotRequired[Mapping[str, Sequence[float]]]  # and where it is: `stages.photos.crop.Crop`
    empty: NotRequired[Sequence[str]]  # of pictures: those that there are none of


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


def write_record(path: Path, stage: str, files: Iterable[Path], **facts: object) -> dict[str, str]:
    """Write the record of a stage: the files that it made, as they are now on disk, and facts about them.

    Returns the digests of the files.
    """
    digests = {str(file): sha256_file(file) for file in files}
    write_json(path, sealed({"stage": stage, "files": digests, **facts}))
    return digests


def withdraw(path: Path) -> None:
    """Remove a record before its files are made anew: it would accuse what is written from here on."""
    path.unlink(missing_ok=True)


def read_record(path: Path) -> Record:
    """Read the record of a stage, or of a chunk of its items; raises UserError if it is missing or damaged."""
    try:
        record = unsealed(path.read_bytes())
    except FileNotFoundError:
        record = None
    if record is None:
        raise UserError(f"{path}: missing or damaged; remove it and run again")
    return cast("Record", record)


def read_chunks(folder: Path) -> Record:
    """The records of all chunks of a stage as one, its items by their names; raises UserError as `read_record`."""
    records = [read_record(path) for path in sorted(folder.glob("*.json"))]
    if not records:
        raise UserError(f"{folder}: has no record of a chunk; run the stage again")
    return {
        "stage": records[0]["stage"],
        "files": {file: digest for record in records for file, digest in record["files"].items()},
        "weights": records[0]["weights"],
        "items": sorted((item for record in records for item in record["items"]), key=lambda item: item["item"]),
    }


def forget_chunks(folders: Iterable[Path], chunks: Collection[str]) -> None:
    """Remove the records of chunks that are none any more: their files are in other chunks now."""
    for folder in folders:
        for path in folder.glob("*.json"):
            if path.stem not in chunks:
                path.unlink()


class Listed(NamedTuple):
    """What a record says about a file."""

    record: Path
    digest: str


def records_of(files: Iterable[Path]) -> set[Path]:
    """The records that list files of these names, if any does: those of the folders of data that the files are in."""
    found: set[Path] = set()
    for place in {(file.parent, file.stem if file.parent == FOLDER.parent else "") for file in files}:
        found |= _records_of_folder(*place)
    return found


def _records_of_folder(folder: Path, stem: str) -> set[Path]:
    if not folder.is_relative_to(FOLDER.parent):
        return set()
    names = folder.relative_to(FOLDER.parent).parts
    first = names[0] if names else stem
    first = KEPT_BY.get(first, first)
    own = FOLDER / first
    if len(names) > 1 and (own / names[1]).is_dir():
        own /= names[1]
    return {*own.rglob("*.json"), *FOLDER.glob(f"{first}*.json")}


def written(records: Iterable[Path] | None = None) -> dict[Path, Listed]:
    """All files that some records list, without an argument those of all stages; raises UserError if one is damaged."""
    listed: dict[Path, Listed] = {}
    damaged = []
    for path in sorted(FOLDER.rglob("*.json") if records is None else records):
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
        UserError: a file is missing, or is not what the stage that made it wrote.
    """
    digests = {}
    for path in files:
        try:
            digests[path] = sha256_file(path)
        except FileNotFoundError as error:
            raise UserError(f"{path}: missing; run `snakemake` without a target: it makes what is gone") from error
    _refuse_damaged(digests)
    return digests


def _refuse_damaged(digests: Mapping[Path, str]) -> None:
    listed = written(records_of(digests))
    suspects = [path for path, digest in digests.items() if path in listed and listed[path].digest != digest]
    if damaged := [str(path) for path in suspects if is_damaged(path, listed[path].record)]:
        raise UserError(f"{', '.join(damaged)}: not as the stage wrote it, damaged or edited; remove it and run again")


def check_below(folders: Iterable[Path]) -> None:
    """Check all files below some folders that a record lists, as `check` does."""
    below = tuple(folders)
    listed = written(records_of(folder / "any" for folder in below))
    _check_there(path for path in listed if any(map(path.is_relative_to, below)))


def check_manifests() -> None:
    """Check the manifests that a record lists, as `check` does: a flipped bit makes another pair of one."""
    listed = written([*FOLDER.glob("*.json"), *FOLDER.glob("examples/*.json")])
    _check_there(path for path in listed if path.suffix == ".csv")


def _check_there(files: Iterable[Path]) -> None:
    """Check files as `check` does; one that is not there is left to Snakemake, or another job is making it."""
    digests = {}
    for path in files:
        with suppress(FileNotFoundError):
            digests[path] = sha256_file(path)
    _refuse_damaged(digests)
