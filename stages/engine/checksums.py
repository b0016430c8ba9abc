"""Checksums that Snakemake computes once a file, not once for every output of a job that reads it.

When a job is done, Snakemake 9 notes the checksums of its inputs with each of its outputs, and hashes them anew each
time: with 198 pairs that is a gigabyte, 400 times over, after every method's blending.
"""

import os
from collections.abc import Awaitable, Callable
from functools import wraps

from snakemake.io import _IOFile

Checksum = Callable[..., Awaitable[str | None]]


def remembering(checksum: Checksum) -> Checksum:
    """`_IOFile.checksum` that answers from memory as long as the file keeps its inode, size and time of change.

    That time is the system's own (ctime), which no program puts back.
    """
    known: dict[tuple[object, ...], str | None] = {}

    @wraps(checksum)
    async def of(file: _IOFile, *args: object, **options: object) -> str | None:
        try:
            found = os.stat(file.file)
        except OSError:
            return await checksum(file, *args, **options)
        state = found.st_ino, found.st_size, found.st_ctime_ns
        key = (file.file, state, args, tuple(sorted(options.items())))
        if key not in known:
            known[key] = await checksum(file, *args, **options)
        return known[key]

    return of


def remember() -> None:
    """Let this process's Snakemake remember; a second call changes nothing."""
    if not hasattr(_IOFile.checksum, "__wrapped__"):
        _IOFile.checksum = remembering(_IOFile.checksum)
