"""Records count for Snakemake as long as the files that they vouch for are there and unchanged.

Snakemake and its rules know the record of a chunk, not the files of its items: 3,000 pairs have tens of thousands. So
to Snakemake a record is there only while its files are, and while it is not damaged itself. Otherwise the chunk's job
runs again. It computes what is not in the store, nor in its place as the last record says. So that it can know, a
record that Snakemake removes is kept beside its place.

Whether a file is unchanged is told by its inode, size and times, as noted when it was written. Only where these differ
its content decides. Snakemake has no such notions of its own, so methods of its `_IOFile` are wrapped.
"""

import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from stages.engine.stage_records import FOLDER, notes_of, sound, withdraw
from stages.errors import UserError
from stages.formats.files import digest_if_file, write_atomic

_log = logging.getLogger("snakemake.logging")  # Snakemake's own

State = list[int]


def _state(file: str) -> State | None:
    """What changes when a file is written to; None if there is none. The last is the system's own time of change."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def note(record: Path, files: Mapping[str, str]) -> None:
    """Note what the files of a record look like that have just been written; digests by path."""
    if not record.is_relative_to(FOLDER):
        return
    states = {file: [digest, _state(file)] for file, digest in files.items()}
    _write(notes_of(record), states)


def _write(path: Path, states: Mapping[str, object]) -> None:
    try:
        write_atomic(path, json.dumps(states).encode())
    except UserError:
        return  # a full or read-only disk: the files are hashed the next time


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def is_intact(record: Path) -> bool:
    """Whether all files that a record lists are there with the content that it says; not if it is damaged itself."""
    body = sound(record)
    if body is None:
        return False
    known = _read(notes_of(record))
    seen: dict[str, object] = {}
    for file, digest in body["files"].items():
        state = _state(file)
        if state is None:
            return False
        if known.get(file) != [digest, state] and digest_if_file(Path(file)) != digest:
            return False
        seen[file] = [digest, state]
    if seen != known:
        _write(notes_of(record), seen)
    return True


Exists = Callable[..., Awaitable[bool]]
Remove = Callable[..., Awaitable[None]]


def _is_record(file: Any) -> bool:
    return bool(file.file.endswith(".json") and file.file.startswith(f"{FOLDER}{os.sep}"))  # asked very often


def vouched_for(exists: Exists) -> Exists:
    """`_IOFile.exists_local` to which a record is not there if one of its files is gone or changed."""
    known: dict[tuple[str, int, int], bool] = {}

    @wraps(exists)
    async def of(file: Any) -> bool:
        if not await exists(file):
            return False
        if not _is_record(file):
            return True
        path = Path(file.file)
        state = os.stat(path)
        key = (str(path), state.st_ino, state.st_mtime_ns)  # a run looks at a record several times
        if key not in known:
            known[key] = is_intact(path)
            if not known[key] and sound(path) is None:
                _log.warning(f"{path}: damaged, so it counts as missing and is made anew")
        return known[key]

    return of


def kept_by(remove: Remove) -> Remove:
    """`_IOFile.remove` that keeps a record for the job before which it is removed."""

    @wraps(remove)
    async def of(file: Any, *args: object, **options: object) -> None:
        if _is_record(file):
            with suppress(OSError, UserError):
                withdraw(Path(file.file))
            if os.path.isdir(file.file):
                return  # Snakemake would remove an empty one; the stage names it
        await remove(file, *args, **options)

    return of


def watch() -> None:
    """Let this process's Snakemake look at the files of records, and keep those; a second call changes nothing."""
    from snakemake.io import _IOFile

    if not hasattr(_IOFile.exists_local, "__vouched__"):
        _IOFile.exists_local = vouched_for(_IOFile.exists_local)
        _IOFile.exists_local.__vouched__ = True
        _IOFile.remove = kept_by(_IOFile.remove)
