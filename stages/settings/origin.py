"""Where the settings of a run came from, and which of them are not those of params.yaml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stages.formats.canonical import canonical

ABSENT = "–"


class Different(NamedTuple):
    """A setting that params.yaml has another value for; both as JSON, or `ABSENT`."""

    key: str
    written: str
    used: str


def differences(used: Mapping[str, object], written: Mapping[str, object]) -> list[Different]:
    """Every key whose value in `used`, the settings of the run, is not that of `written`, of params.yaml; sorted."""
    ours, theirs = _flat(used), _flat(written)
    keys = sorted(ours.keys() | theirs.keys())
    found = [Different(key, theirs.get(key, ABSENT), ours.get(key, ABSENT)) for key in keys]
    return [each for each in found if each.written != each.used]


def sources(given: Sequence[str]) -> str:
    """Where the settings came from, as a phrase.

    Args:
        given: the files of `--configfile`, and `--config` for what stood on the command line.
    """
    return " and ".join(["`params.yaml`", *(f"`{short(name)}`" for name in given)])


def _flat(value: object, where: str = "") -> dict[str, str]:
    """The values of nested settings as JSON, by their keys with dots. A list is one value."""
    if isinstance(value, Mapping) and value:
        parts = (_flat(item, f"{where}.{key}" if where else str(key)) for key, item in value.items())
        return {key: text for part in parts for key, text in part.items()}
    return {where: canonical(value)}


def holder(key: str, given: Mapping[str, object]) -> str | None:
    """Which of several settings, each over the one before, a wrong key stands in; None if none of them has it.

    Args:
        key: with dots, as in a message.
        given: the settings, by the names of their files.
    """
    found, most = None, 0
    for name, settings in given.items():
        depth, value = 0, settings
        for part in key.split("."):
            if not isinstance(value, Mapping) or part not in value:
                break
            depth, value = depth + 1, value[part]
        if depth and depth >= most:
            found, most = name, depth
    return found


def short(name: str | Path) -> str:
    """A path as seen from here, if it is below."""
    path, here = Path(name), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(name)
