"""How items are divided into chunks, which are the jobs of a stage. No torch here."""

import hashlib
from collections.abc import Iterable


def chunked(names: Iterable[str], items: int) -> dict[str, list[str]]:
    """Names in chunks of about `items`, in their order; chunks by their own names, 000, 001, ….

    A name's chunk is decided by its digest, so it stays there when other names come or go: only where the number of
    names passes a power of two times `items` are all divided anew. The mean chunk has between half of `items` and
    `items` names, and none has no name.
    """
    listed = list(names)
    count = 1
    while count * items < len(listed):
        count *= 2
    found: dict[str, list[str]] = {}
    for name in listed:
        place = int.from_bytes(hashlib.sha256(name.encode()).digest()[-8:], "big") % count
        found.setdefault(f"{place:03d}", []).append(name)
    return dict(sorted(found.items()))
