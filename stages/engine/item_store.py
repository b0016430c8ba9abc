"""The item store: every finished item of a stage under the fingerprint of all it depends on.

Snakemake deletes the outputs of a failed job and DVC those of a stage before it runs; what is in the store is
only copied again. `python -m stages.store` lists, verifies and prunes it.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from stages.engine.stage_records import sealed, unsealed
from stages.formats.canonical import canonical
from stages.formats.files import digest_if_file, sha256, write_atomic

ROOT = Path(".cache")
RECORD = "record.json"


Parts = Mapping[str, object]  # everything that a result depends on: `stages.engine.items` says what
NO_PARTS: Parts = MappingProxyType({})


class Stored(NamedTuple):
    """A finished item: its files by role, the folder that holds them under the names of their roles, and its record."""

    contents: Mapping[str, bytes]
    folder: Path
    record: dict[str, object]


def fingerprint(parts: Parts) -> str:
    """sha256 over the canonical JSON of everything that a result depends on."""
    return sha256(canonical(parts).encode())


class Store:
    """The items of one stage below `root`/`stage`."""

    def __init__(self, stage: str, root: Path = ROOT) -> None:
        self.folder = root / stage

    def get(self, key: str) -> Stored | None:
        """The item under a fingerprint, or None if there is none or its content is damaged."""
        folder = self.folder / key
        record = read_stored(folder)
        if record is None:
            return None
        contents = {}
        for role, digest in record["files"].items():
            try:
                contents[role] = (folder / role).read_bytes()
            except OSError:
                return None
            if sha256(contents[role]) != digest:
                return None
        with suppress(OSError):  # a store that can only be read serves as well
            os.utime(folder)  # for `prune`: used now
        return Stored(contents, folder, record["item"])

    def put(
        self, key: str, contents: Mapping[str, bytes], record: Mapping[str, object], parts: Parts = NO_PARTS
    ) -> Stored:
        """Store an item, with what its key is made of. The record comes last: without it the item does not count."""
        folder = self.folder / key
        for role, content in contents.items():
            write_atomic(folder / role, content)
        digests = {role: sha256(content) for role, content in contents.items()}
        # The record carries a digest of itself: a flipped bit in it must not pass for a result.
        body = {"files": digests, "item": dict(record), "parts": dict(parts)}
        write_atomic(folder / RECORD, json.dumps(sealed(body)).encode())
        return Stored(contents, folder, dict(record))


def read_stored(folder: Path) -> dict[str, Any] | None:
    """What `put` noted in an item's folder, or None if it is missing or damaged."""
    try:
        return unsealed((folder / RECORD).read_bytes())
    except OSError:
        return None


def stored_folders(root: Path) -> list[Path]:
    """The folders of all items of all stages, sorted."""
    return sorted(path for path in root.glob("*/*") if path.is_dir() and re.fullmatch("[0-9a-f]{64}", path.name))


def is_intact(folder: Path) -> bool:
    """Whether all files of an item are as they were stored."""
    record = read_stored(folder)
    return record is not None and all(
        digest_if_file(folder / role) == digest for role, digest in record["files"].items()
    )
