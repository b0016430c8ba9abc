"""Rooms whose modules are entries: what lies in one can be named in params.yaml, so one file adds one thing.

The rooms are `fills`, `methods`, `metrics`, `networks` and `systems`; each says in its `__init__` what an entry is.
Names are found without importing anything. Importing an entry must not import torch: planning reads them all.
"""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from stages.errors import UserError

if TYPE_CHECKING:
    from stages.fills import Completion, Fill, Learned
    from stages.methods import Method
    from stages.metrics import Metric
    from stages.networks import Network
    from stages.systems import System

PACKAGE = Path(__file__).parent
Room = Literal["fills", "methods", "metrics", "networks", "systems"]
# The types in the room's `__init__` that an entry may have.
KINDS: dict[Room, tuple[str, ...]] = {
    "fills": ("Fill", "Learned", "Completion"),
    "methods": ("Method",),
    "metrics": ("ImageMetric", "MapMetric", "CaseMetric", "SetMetric"),
    "networks": ("Network",),
    "systems": ("System",),
}


@cache
def names(room: str) -> tuple[str, ...]:
    """Names of a room's entries, sorted: its modules but those that begin with an underscore."""
    return tuple(sorted(path.stem for path in (PACKAGE / room).glob("*.py") if not path.stem.startswith("_")))


def module(room: str, name: str) -> str:
    """The module of an entry."""
    return f"stages.{room}.{name}"


@overload
def load(room: Literal["fills"], name: str) -> "Fill | Learned | Completion": ...


@overload
def load(room: Literal["methods"], name: str) -> "Method": ...


@overload
def load(room: Literal["metrics"], name: str) -> "Metric": ...


@overload
def load(room: Literal["networks"], name: str) -> "Network": ...


@overload
def load(room: Literal["systems"], name: str) -> "System": ...


def load(room: Room, name: str) -> object:
    """The `ENTRY` of a module in a room; raises UserError if there is none, or if it is none of the room's `KINDS`."""
    if name not in names(room):
        raise UserError(f"{name} is none of the {room}{did_you_mean(name, names(room))}")
    path = f"stages/{room}/{name}.py"
    try:
        found = import_module(module(room, name))
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    if not hasattr(found, "ENTRY"):
        raise UserError(f"{path}: defines no ENTRY; what entries share is in files that begin with _")
    entry: object = found.ENTRY
    contract = import_module(f"stages.{room}")
    if not isinstance(entry, tuple(getattr(contract, kind) for kind in KINDS[room])):
        raise UserError(f"{path}: its ENTRY is of type {type(entry).__name__}; it must be {' or '.join(KINDS[room])}")
    return entry


@overload
def entries(room: Literal["fills"]) -> "dict[str, Fill | Learned | Completion]": ...


@overload
def entries(room: Literal["methods"]) -> "dict[str, Method]": ...


@overload
def entries(room: Literal["metrics"]) -> "dict[str, Metric]": ...


@overload
def entries(room: Literal["networks"]) -> "dict[str, Network]": ...


@overload
def entries(room: Literal["systems"]) -> "dict[str, System]": ...


def entries(room: Room) -> object:
    """All entries of a room by name."""
    return {name: load(room, name) for name in names(room)}


def check_words(key: str, given: object, known: tuple[str, ...]) -> None:
    """Raises UserError unless a field `key` of an entry is a tuple of known words; one string is a usual slip."""
    if not isinstance(given, tuple | list):
        raise UserError(f"{key} is {given!r}; it must be a tuple of {', '.join(known)}")
    for word in given:
        if word not in known:
            raise UserError(f'{key} has "{word}"{did_you_mean(str(word), known)}')


def did_you_mean(name: str, known: tuple[str, ...] | list[str]) -> str:
    """How a message about an unknown name ends: the nearest known one, or all of them."""
    by_fold = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), by_fold, 1)
    return f"; did you mean {by_fold[near[0]]}?" if near else f"; known: {', '.join(known)}"
