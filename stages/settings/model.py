"""params.yaml as a whole: which sections there are, and what is wrong with what a user wrote. No torch here."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import get_type_hints, is_typeddict

from stages import registry
from stages.errors import UserError
from stages.params.alignment import AlignParams
from stages.params.embedding import EmbedParams
from stages.params.inputs import FacesParams, MapsParams, PairsParams
from stages.params.networks import CheckpointsParams, NetworksParams
from stages.params.outputs import GalleryParams, ReportParams, ScoreParams
from stages.params.target import TargetParams

METHOD_NAME = "begins with a small letter; small letters, digits and _ follow; 50 characters at most"


@cache
def own_sections() -> dict[str, Any]:
    """The type of every section that belongs to a kind of method."""
    methods = registry.entries("methods").values()
    return {method.section: method.params for method in methods if method.section is not None}


@cache
def sections() -> dict[str, Any]:
    """The type of every section, in the order of params.yaml; those of the methods come after `align`."""
    return {
        "networks": NetworksParams, "checkpoints": CheckpointsParams, "faces": FacesParams, "maps": MapsParams,
        "pairs": PairsParams, "target": TargetParams, "embed": EmbedParams, "methods": dict[str, dict[str, Any]],
        "align": AlignParams, **own_sections(), "gallery": GalleryParams, "score": ScoreParams, "report": ReportParams,
    }  # fmt: skip


def check_type(where: str, value: Any, kind: Any) -> None:
    """Check a value against its type; raises UserError that names the key, what is wrong and what it could be."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise UserError(_told(where, error, kind)) from None


def _told(where: str, error: ValidationError, kind: Any) -> str:
    """The most telling of the errors, as one line."""
    found = sorted(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")[0]
    *parents, last = [where, *map(str, found["loc"])] if where else [*map(str, found["loc"]), ""][: len(found["loc"])]
    path = ".".join([*parents, last])
    if found["type"] == "extra_forbidden":
        known = _keys(kind, found["loc"][:-1])
        return f"{'.'.join(parents) or 'params'}: there is no key {last}{registry.did_you_mean(last, known)}"
    if found["type"] == "missing":
        return f"{path}: is missing"
    message = found["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    wanted = f"should be {message}" if message != found["msg"] else message[0].lower() + message[1:]
    return f"{path}: is {found['input']!r}; it {wanted}"


def _keys(kind: Any, path: tuple[Any, ...]) -> list[str]:
    """The keys of a typed dictionary, or of the one at a path in it."""
    for part in path:
        kind = get_type_hints(kind).get(part)
    return list(get_type_hints(kind)) if is_typeddict(kind) else []


def check_methods(methods: Any) -> None:
    """Check the section `methods`, whose entries are of the kinds that are registered; raises UserError."""
    if not isinstance(methods, Mapping) or not methods:
        raise UserError("methods: name at least one method")
    kinds = registry.names("methods")
    for name, choice in methods.items():
        where = f"methods.{name}"
        good = isinstance(name, str) and name.isascii() and name.replace("_", "a").isalnum() and len(name) <= 50
        if not good or not name[0].isalpha() or name != name.lower():
            raise UserError(f"methods: {name!r} cannot be a method's name: it {METHOD_NAME}")
        if not isinstance(choice, Mapping) or "kind" not in choice:
            raise UserError(f"{where}: name its kind, {', '.join(kinds)}: `{name}: {{kind: …}}`")
        if choice["kind"] not in kinds:
            raise UserError(
                f"{where}.kind: {choice['kind']!r} is none{registry.did_you_mean(str(choice['kind']), kinds)}"
            )
        check_type(where, dict(choice), registry.load("methods", choice["kind"]).choice)


def check_section_type(name: str, section: Any) -> None:
    """Check one section by itself; raises UserError naming the key."""
    if name not in sections():
        raise UserError(f"{name}: there is no such section{registry.did_you_mean(name, list(sections()))}")
    if name == "methods":
        check_methods(section)
    else:
        check_type(name, section, sections()[name])


def check_types(params: Any) -> None:
    """Check all sections by themselves; raises UserError naming the key."""
    if not isinstance(params, Mapping):
        raise UserError("has no sections")
    for name in params:
        if name not in sections():
            raise UserError(f"there is no section {name}{registry.did_you_mean(str(name), list(sections()))}")
    for name in sections():
        if name not in params:
            raise UserError(f"{name}: the section is missing")
        check_section_type(name, params[name])
