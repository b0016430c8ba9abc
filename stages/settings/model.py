"""What is wrong with the values of params.yaml, each section by itself. No torch here."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stages import registry
from stages.formats.canonical import plain
from stages.settings.problems import safe
from stages.settings.schema import METHOD_NAME, kinds, of_section, sections
from stages.settings.words import Schema, as_number, meant, rule, takes_number, written, written_quoted

# Sections that were called otherwise, and the keys by which the older ones are known.
RENAMED = {"gallery": ("examples", {"kinds", "method", "seed"})}
NAME_RULE = "begins with a small letter; small letters, digits and _ follow; 50 characters at most"


@cache
def _adapter(kind: Any) -> TypeAdapter[object]:
    return TypeAdapter(kind)


def type_problems(where: str, value: object, kind: object, schema: Schema) -> list[str]:
    """A line for each key of a section that its type refuses. 10.0 is 10.

    Args:
        where: the section's name.
        value: what the user wrote.
        kind: the typed dictionary.
        schema: its JSON schema, of which the rules are told.
    """
    try:
        if (bad := _bad_keys(where, value, schema)) is not None:
            return [bad]
        _adapter(kind).validate_python(plain(value))
    except RecursionError:
        return [f"{where}: its values are too many levels deep, or one holds itself"]
    except ValidationError as error:
        found = [(each["type"], each["loc"]) for each in error.errors(include_url=False, include_input=False)]
        return list(_told(where, value, schema, found))
    return []


def _bad_keys(where: str, value: object, schema: Schema) -> str | None:
    """The first key of a section that is no text that can be written down."""
    if not isinstance(value, Mapping) or "properties" not in schema:
        return None
    for key, each in value.items():
        if not isinstance(key, str) or safe(key) != key:
            return f"{where}: {written_quoted(key)} cannot be a key; a key is a word"
        if bad := _bad_keys(f"{where}.{key}", each, schema["properties"].get(key, {})):
            return bad
    return None


def _told(where: str, value: object, schema: Schema, found: list[tuple[str, tuple[Any, ...]]]) -> Iterator[str]:
    """The errors in words, one for each key; a key that another was misspelt for is not told to be missing."""
    parts = {loc[:-1] for type_, loc in found if type_ in ("extra_forbidden", "missing")}
    hidden = set()
    for parents in parts:
        node = schema
        for part in parents:
            node = node["properties"][part]
        missing = [loc[-1] for type_, loc in found if type_ == "missing" and loc[:-1] == parents]
        for name in [loc[-1] for type_, loc in found if type_ == "extra_forbidden" and loc[:-1] == parents]:
            words, right = meant(name, list(node["properties"]), missing)
            yield f"{_dotted(where, *parents, name)}: there is no such key{words}"
            if right in missing:
                missing.remove(right)
                hidden.add((*parents, right))
    told = set()
    for type_, loc in found:
        key, node, each = _key(loc, schema, value)
        if type_ == "missing" and loc not in hidden:
            yield f"{_dotted(where, *loc)}: is missing"
        elif type_ not in ("missing", "extra_forbidden") and key not in told:
            told.add(key)
            near = as_number(each) if takes_number(node) else ""
            if isinstance(each, str) and node.get("type") == "string" and "enum" in node:
                near = f"; did you mean {right}?" if (right := meant(each, node["enum"])[1]) else ""
            yield f"{_dotted(where, *key)}: is {written_quoted(each)}; it must be {rule(node)}{near}"


def _key(loc: tuple[Any, ...], schema: Schema, value: Any) -> tuple[tuple[str, ...], Schema, Any]:
    """The key that an error is in, its schema and its value: places in a list and kinds of a union are no keys."""
    key: tuple[str, ...] = ()
    for part in loc:
        if part not in schema.get("properties", {}) or part not in value:
            break
        key, schema, value = (*key, part), schema["properties"][part], value[part]
    return key, schema, value


def _dotted(*parts: str) -> str:
    return safe(".".join(parts))


def method_problems(methods: object) -> list[str]:
    """A line for whatever is wrong in the section `methods`, whose entries are of the kinds that are registered."""
    if not isinstance(methods, Mapping) or not methods:
        return ["methods: name at least one method"]
    found = []
    for name, choice in methods.items():
        where = f"methods.{name}"
        if not isinstance(name, str) or not re.fullmatch(METHOD_NAME, name):
            found.append(f"methods: {written_quoted(name)} cannot be a method's name: it {NAME_RULE}")
        elif not isinstance(choice, Mapping) or "kind" not in choice:
            found.append(f"{where}: name its kind, {', '.join(kinds())}: `{name}: {{kind: …}}`")
        elif (kind := choice["kind"]) not in list(kinds()):
            found.append(f"{where}.kind: there is no kind {written(kind)}{meant(str(kind), list(kinds()))[0]}")
        else:
            found += type_problems(where, dict(choice), registry.load("methods", kind).choice, kinds()[kind])
    return found


def section_problems(name: str, section: object) -> list[str]:
    """A line for whatever is wrong in one section by itself."""
    if name not in sections():
        return [f"{quoted_name(name)}: there is no such section{meant(str(name), list(sections()))[0]}"]
    if name == "methods":
        return method_problems(section)
    return type_problems(name, section, sections()[name], of_section(name))


def quoted_name(name: object) -> str:
    """A section's name in a message."""
    return written(name) or '""'


def all_problems(params: object) -> dict[str, list[str]]:
    """For each section with problems, a line for each of them; an empty name for what is wrong with them together."""
    if not isinstance(params, Mapping):
        return {"": ["has no sections"]}
    missing = [name for name in sections() if name not in params]
    unknown = [name for name in params if name not in sections()]
    found: dict[str, list[str]] = {}
    for old, (new, keys) in RENAMED.items():
        if isinstance(section := params.get(old), Mapping) and keys & section.keys():
            told = f"{old}: the section with {', '.join(sorted(keys))} is called {new} now; rename it"
            found |= {old: [told], new: []}
            missing, unknown = ([name for name in names if name not in found] for names in (missing, unknown))
    for name in unknown:
        words, right = meant(str(name), list(sections()), missing)
        found[str(name)] = [f"{quoted_name(name)}: there is no such section{words}"]
        if right in missing:
            missing.remove(right)
            found[right] = []
    found |= {name: [f"{name}: is missing"] for name in missing}
    for name in sections():
        if name in params and name not in found and (lines := section_problems(name, params[name])):
            found[name] = lines
    return found
