"""Rooms whose modules are entries: what lies in one can be named in params.yaml, so one file adds one thing.

The rooms are `fills`, `methods`, `metrics` and `networks`; each says in its `__init__` what an entry is. Names are
found without importing anything. Importing an entry must not import torch: planning reads them all.
"""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from stages.errors import UserError

if TYPE_CHECKING:
    from stages.fills import Completion, Fill
    from stages.methods import Method
    from stages.metrics import Metric
    from stages.networks import Network

PACKAGE = Path(__file__).parent
Room = Literal["fills", "methods", "metrics", "networks"]


@cache
def names(room: str) -> tuple[str, ...]:
    """Names of a room's entries, sorted: its modules but those that begin with an underscore."""
    return tuple(sorted(path.stem for path in (PACKAGE / room).glob("*.py") if not path.stem.startswith("_")))


def module(room: str, name: str) -> str:
    """The module of an entry."""
    return f"stages.{room}.{name}"


@overload
def load(room: Literal["fills"], name: str) -> "Fill | Completion": ...


@overload
def load(room: Literal["methods"], name: str) -> "Method": ...


@overload
def load(room: Literal["metrics"], name: str) -> "Metric": ...


@overload
def load(room: Literal["networks"], name: str) -> "Network": ...


def load(room: Room, name: str) -> object:
    """The `ENTRY` of a module in a room; raises UserError if there is none."""
    if name not in names(room):
        raise UserError(f"{name} is none of the {room}{did_you_mean(name, names(room))}")
    found = import_module(module(room, name))
    if not hasattr(found, "ENTRY"):
        raise UserError(f"stages/{room}/{name}.py: defines no ENTRY; what entries share is in files that begin with _")
    entry: object = found.ENTRY
    return entry


@overload
def entries(room: Literal["fills"]) -> "dict[str, Fill | Completion]": ...


@overload
def entries(room: Literal["methods"]) -> "dict[str, Method]": ...


@overload
def entries(room: Literal["metrics"]) -> "dict[str, Metric]": ...


@overload
def entries(room: Literal["networks"]) -> "dict[str, Network]": ...


def entries(room: Room) -> object:
    """All entries of a room by name."""
    return {name: load(room, name) for name in names(room)}


def did_you_mean(name: str, known: tuple[str, ...] | list[str]) -> str:
    """How a message about an unknown name ends: the nearest known one, or all of them."""
    by_fold = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), by_fold, 1)
    return f"; did you mean {by_fold[near[0]]}?" if near else f"; known: {', '.join(known)}"
