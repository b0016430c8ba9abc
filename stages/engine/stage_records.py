"""Records: what every stage wrote, file by file with its digest. Who reads a file compares.

Jobs run side by side, so a reader can meet files and records that another job is making anew. Whoever makes files
takes their record away first and writes it last. So a record that stays in its place vouches for its files all the
while, and one that is gone belongs to a job at work and accuses nothing. Until the new record is there, the last one
stays beside its place: files that are still as it says need not be made again.

Snakemake and DVC use digests and times to decide what to run, and take what lies there for what was made: a bit that
flipped on the disk, or in DVC's cache, would enter the results. `python -m stages.records` checks everything.

A stage that works on items has a record for each chunk of them, in a folder of its own: data/records/faces/003.json
vouches for a part of data/faces. So a reader needs the records of the folders it reads, not all.
"""

import json
import logging
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, cast

from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.formats.files import refuse_folder, sha256, sha256_file, write_json

FOLDER = Path("data/records")  # in the folder of the run, from which all paths count
NOTES = Path(".cache/unchanged")  # what files looked like when their content was known; without it they are hashed
KEPT_BY = {"reconstructions": "codes"}  # folders of data whose files the records of another one list
AGAIN = "run `snakemake` again, which makes it anew"

log = logging.getLogger("stages")


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
    _last_of(path).unlink(missing_ok=True)
    return digests


def _last_of(path: Path) -> Path:
    return path.with_suffix(".last")


def withdraw(path: Path) -> None:
    """Take a record away before its files are made anew: it would accuse what is written from here on."""
    if sound(path) is None:
        refuse_folder(path)
        path.unlink(missing_ok=True)
    else:
        path.replace(_last_of(path))


def last_record(path: Path) -> Record | None:
    """The record that was there before a stage began, or before one that was killed did; None if there is none."""
    return cast("Record | None", sound(_last_of(path)))


def sound(path: Path) -> dict[str, Any] | None:
    """A record; None if it is missing or damaged."""
    try:
        return unsealed(path.read_bytes())
    except OSError:
        return None


def read_record(path: Path) -> Record:
    """Read the record of a stage, or of a chunk of its items; raises UserError if it is missing or damaged."""
    record = sound(path)
    if record is None:
        raise UserError(f"{path}: missing or damaged; remove it, and run `snakemake`, which makes it anew")
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
        for path in [*folder.glob("*.json"), *folder.glob("*.last")]:
            if path.stem not in chunks and not path.is_dir():
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


class Written(NamedTuple):
    """All files that some records list, and the records that are damaged, so nobody knows what they listed."""

    files: dict[Path, Listed]
    damaged: list[Path]


def written(records: Iterable[Path] | None = None) -> Written:
    """What some records list, without an argument those of all stages. One that is damaged is named in the log."""
    found = Written({}, [])
    for path in sorted(FOLDER.rglob("*.json") if records is None else records):
        record = sound(path)
        if record is not None:
            found.files.update((Path(file), Listed(path, digest)) for file, digest in record["files"].items())
        elif os.path.lexists(path):  # else a job at work has taken it away since it was found
            log.info("%s: damaged, so it counts as missing", path)
            found.damaged.append(path)
    return found


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
        UserError: a file is missing, cannot be read, or is not what the stage that made it wrote.
    """
    digests = {}
    for path in files:
        try:
            digests[path] = _digest(path)
        except FileNotFoundError as error:
            raise UserError(f"{path}: missing; run `snakemake` without a target: it makes what is gone") from error
    _refuse_damaged(digests)
    return digests


def _digest(path: Path) -> str:
    try:
        return sha256_file(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        refuse_folder(path)
        raise UserError(f"{path}: cannot be read ({error.strerror}); make it readable and run again") from error


def _refuse_damaged(digests: Mapping[Path, str]) -> None:
    listed, damaged = written(records_of(digests))
    if damaged and (lost := records_of(path for path in digests if path not in listed).intersection(damaged)):
        raise UserError(f"{_names(lost)}: damaged since the run began; {AGAIN}")
    suspects = [path for path, digest in digests.items() if path in listed and listed[path].digest != digest]
    if found := [path for path in suspects if is_damaged(path, listed[path].record)]:
        for path in found:
            distrust(listed[path].record)
        raise UserError(f"{_names(found)}: not as the stage wrote it, damaged or edited; {AGAIN}")


def notes_of(record: Path) -> Path:
    """Where is noted what the files of a record looked like. Without it the next run reads them all."""
    return NOTES / record.relative_to(FOLDER)


def distrust(record: Path) -> None:
    """Let the next run read the files of a record: one is not as it was, though it looks so from outside."""
    with suppress(OSError, ValueError):
        notes_of(record).unlink()


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(sorted(map(str, paths)))


def check_below(folders: Iterable[Path]) -> None:
    """Check all files below some folders that a record lists, as `check` does."""
    below = tuple(folders)
    listed = written(records_of(folder / "any" for folder in below)).files
    _check_there(path for path in listed if any(map(path.is_relative_to, below)))


def check_manifests() -> None:
    """Check the manifests that a record lists, as `check` does: a flipped bit makes another pair of one."""
    listed = written([*FOLDER.glob("*.json"), *FOLDER.glob("examples/*.json")]).files
    _check_there(path for path in listed if path.suffix == ".csv")


def _check_there(files: Iterable[Path]) -> None:
    """Check files as `check` does; one that is not there is left to Snakemake, or another job is making it."""
    digests = {}
    for path in files:
        with suppress(FileNotFoundError):
            digests[path] = _digest(path)
    _refuse_damaged(digests)
