"""Why an item was computed anew: which part of its fingerprint differs from that of a stored one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypedDict

from stages.engine.code import digest_of, sources
from stages.engine.environment import versions
from stages.engine.item_store import read_stored, stored_folders


class Made(TypedDict, total=False):
    """What tells most of a fingerprint's parts."""

    code: Mapping[str, str]
    environment: Mapping[str, object]


class Entry(NamedTuple):
    """A stored item: its stage, fingerprint, time of last use (s since 1970), and what its fingerprint is made of."""

    stage: str
    key: str
    used: float
    parts: Made


def stored_as(item: str, root: Path) -> dict[str, list[Entry]]:
    """All that the store holds of an item, by stage, the last used first; damaged entries are left out."""
    found: dict[str, list[Entry]] = {}
    for folder in stored_folders(root):
        record = read_stored(folder)
        if record is not None and record["item"].get("item") == item:
            entry = Entry(folder.parent.name, folder.name, folder.stat().st_mtime, record.get("parts", {}))
            found.setdefault(entry.stage, []).append(entry)
    return {stage: sorted(entries, key=lambda entry: -entry.used) for stage, entries in found.items()}


def differences(before: object, now: object, where: str = "") -> Iterator[str]:
    """A line for every part that differs between two fingerprints, by its path in them."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from differences(before.get(key), now.get(key), f"{where}.{key}".strip("."))
    elif before != now:
        yield f"{where}: {_shown(before)} -> {_shown(now)}"


def _shown(value: object) -> str:
    text = "absent" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 and set(text) <= set("0123456789abcdef") else text


def since(entry: Entry) -> Iterator[str]:
    """A line for every source file and library that has changed since an item was computed."""
    code = {name: digest_of(path) for name, path in sources(entry.parts.get("code", {})).items()}
    yield from differences(entry.parts.get("code", {}), code, "code")
    made = {key: value for key, value in entry.parts.get("environment", {}).items() if key in versions()}
    yield from differences(made, {key: versions()[key] for key in made}, "environment")
