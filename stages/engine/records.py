"""Records: what every stage wrote, file by file with its digest. Who reads a file compares.

Snakemake and DVC use digests and times to decide what to run, and take what lies there for what was made: a bit that
flipped on the disk, or in DVC's cache, would enter the results. `python -m stages.records` checks everything.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.errors import UserError
from stages.formats.files import sha256, sha256_file, write_json
from stages.settings.config import canonical

FOLDER = Path("data/records")  # in the folder of the run, from which all paths count


def sealed(body: Mapping[str, Any]) -> dict[str, Any]:
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


def write_record(path: Path, stage: str, files: Iterable[Path], **facts: Any) -> None:
    """Write the record of a stage: the files that it made, as they are now on disk, and facts about them."""
    write_json(path, sealed({"stage": stage, "files": {str(file): sha256_file(file) for file in files}, **facts}))


def read_record(path: Path) -> dict[str, Any]:
    """Read the record of a stage; raises UserError if it is missing or damaged."""
    return _read_records([path])[0]


def _read_records(paths: Sequence[Path]) -> list[dict[str, Any]]:
    records = [unsealed(path.read_bytes()) if path.is_file() else None for path in paths]
    if damaged := [str(path) for path, record in zip(paths, records, strict=True) if record is None]:
        raise UserError(f"{', '.join(damaged)}: missing or damaged; remove it and run again")
    return records


def written() -> dict[Path, str]:
    """All files that the stages wrote, with their digests; raises UserError if a record is damaged."""
    return {
        Path(file): digest
        for record in _read_records(sorted(FOLDER.rglob("*.json")))
        for file, digest in record["files"].items()
    }


def check(files: Iterable[Path]) -> dict[Path, str]:
    """The digests of files that are about to be read.

    Raises:
        UserError: a file is not what the stage that made it wrote.
    """
    expected = written()
    digests = {path: sha256_file(path) for path in files}
    damaged = [str(path) for path, digest in digests.items() if expected.get(path, digest) != digest]
    if damaged:
        raise UserError(f"{', '.join(damaged)}: not as the stage wrote it, damaged or edited; remove it and run again")
    return digests


def check_below(folders: Iterable[Path]) -> None:
    """Check all files below some folders that a record lists, as `check` does."""
    below = tuple(folders)
    check(path for path in written() if path.is_file() and any(map(path.is_relative_to, below)))


def check_manifests() -> None:
    """Check the manifests that a record lists, as `check` does: a flipped bit makes another pair of one."""
    check(path for path in written() if path.suffix == ".csv" and path.is_file())
