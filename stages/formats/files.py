"""Files: written whole or not at all, and their digests."""

import errno
import hashlib
import json
import os
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from stages.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all, also when the machine stops or the disk fills.

    Raises:
        UserError: the disk is full, the folder cannot be written, or a folder of that name is there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        refuse_folder(path)
        remedy = "make room" if error.errno in FULL else "make it writable"
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); finished items are kept: {remedy} and run again"
        ) from error


def refuse_folder(path: Path) -> None:
    """Raises UserError if there is a folder where a file belongs. It may be somebody's, so nothing removes it."""
    if path.is_dir():
        raise UserError(f"{path}: is a folder, and a file belongs there; move the folder away and run again")


def write_shared(path: Path, content: bytes, stored: Path, *, linked: bool) -> None:
    """Write what another file holds too, on blocks of that file where that can be; else as `write_atomic`.

    btrfs, XFS and APFS let two files share blocks until one of them is written to.

    Args:
        path: the file to write.
        content: what `stored` holds.
        stored: the other file.
        linked: where blocks cannot be shared, make both one file. Who then writes into one writes into the other.

    Raises:
        UserError: the disk is full or the folder cannot be written.
    """
    from dvc_objects.fs.system import hardlink, reflink

    name = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    for share in (reflink, hardlink) if linked else (reflink,):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            share(str(stored), str(name))
            os.chmod(name, 0o644)
            os.replace(name, path)
            return
        except OSError:
            continue
        finally:
            with suppress(OSError):
                name.unlink()  # it is still there if both names were of one file already: nothing is renamed then
    write_atomic(path, content)


def write_json(path: Path, content: object) -> None:
    """Write JSON with sorted keys."""
    write_atomic(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


def sha256(content: bytes) -> str:
    """Hexadecimal sha256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_if_file(path: Path) -> str | None:
    """As `sha256_file`; None if there is no file that can be read: it is gone, a folder, or its owner forbids it."""
    try:
        return sha256_file(path)
    except OSError:
        return None


def is_failed(path: Path) -> bool:
    """Whether a file is the empty one that stands for an item which could not be computed."""
    return path.stat().st_size == 0
