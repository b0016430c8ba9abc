"""Files: written whole or not at all, and their digests."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from stages.errors import UserError


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all, also when the machine stops or the disk fills.

    Raises:
        UserError: the disk is full or the folder cannot be written.
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
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); finished items are kept: make room and run again"
        ) from error


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


def is_failed(path: Path) -> bool:
    """Whether a file is the empty one that stands for an item which could not be computed."""
    return path.stat().st_size == 0
