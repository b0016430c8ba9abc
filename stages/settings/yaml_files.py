"""YAML files that users write: a key that is there twice is refused, and an entry is added where a person would.

YAML readers take the last of two equal keys without a word, and what the first one said is lost. No torch here.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from stages.errors import UserError
from stages.formats.files import write_atomic
from stages.settings.problems import safe


def read_text(path: Path) -> str:
    """A text file, its line ends as they are; raises UserError if there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{safe(path)}: there is no such file") from None
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{safe(path)}: cannot be read; it must be a file of UTF-8 text") from None


def _node(path: Path, text: str) -> yaml.Node | None:
    """The tree of a YAML text; raises UserError naming the line that is no YAML."""
    try:
        return yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(
            f"{safe(path)}{where}: is not written as YAML ({error.problem or error.context}); look at the spaces, "
            "colons, brackets and quotes there and in the line before"
        ) from None
    except (yaml.YAMLError, RecursionError):
        raise UserError(f"{safe(path)}: is not written as YAML; it may hold characters that no text has") from None


def _duplicates(node: yaml.Node | None, seen: set[int], where: str = "") -> Iterator[str]:
    """A text for every key of a mapping that is there twice; what an alias repeats is looked at once (`seen`)."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            name, line = str(key.value) if isinstance(key, yaml.ScalarNode) else "?", key.start_mark.line + 1
            dotted = f"{where}.{name}".strip(".")
            if (key.tag, name) in first:
                yield f"line {line}: the key {safe(dotted)} is in line {first[key.tag, name]} already"
            first.setdefault((key.tag, name), line)
            yield from _duplicates(value, seen, dotted)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _duplicates(value, seen, where)


def _pairs_of_json(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise KeyError(next(name for name in names if names.count(name) > 1))
    return found


def read_yaml(path: Path) -> Any:
    """The content of a YAML file (or JSON, as Snakemake takes it too) in which no key is there twice.

    Raises:
        UserError: it cannot be read, is no YAML, or has a key twice: in one line, with the numbers of the lines.
    """
    text = read_text(path)
    if path.suffix.lower() == ".json":
        try:
            return json.loads(text, object_pairs_hook=_pairs_of_json)
        except KeyError as error:
            raise UserError(f"{safe(path)}: the key {error.args[0]} is there twice; remove one of them") from None
        except (ValueError, RecursionError):
            raise UserError(f"{safe(path)}: is not written as JSON") from None
    node = _node(path, text)
    if found := list(_duplicates(node, set())):
        raise UserError(f"{safe(path)}, {'; '.join(found)}: only the last would count; put them together")
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise UserError(f"{safe(path)}: has a value that is no text, number, list or mapping of these") from None


def entry_line(name: str, value: object) -> str:
    """`name: value` on one line of YAML that reads back as it is, whatever the texts in it are made of."""
    for style, plain in ((None, True), ('"', False)):  # the second for line breaks and the like, as escapes
        text = yaml.safe_dump(
            {name: value}, default_flow_style=True, default_style=style, allow_unicode=plain, width=10**9,
            sort_keys=False,
        ).strip()  # fmt: skip
        if len(text.splitlines()) == 1:
            break
    return text.removeprefix("{").removesuffix("}")


def _last_line(node: yaml.Node) -> int:
    """Number of the last line, from 0, that a node has text in."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.line - (node.end_mark.column == 0 and node.end_mark.line > node.start_mark.line)


def with_entry(path: Path, section: str, name: str, value: object) -> str:
    """The text of a YAML file with `name: value` as the last entry of a section; all else is as it was.

    Raises:
        UserError: as `read_yaml`; there is no such section, it has the name already, or is written in a way that
            needs a person.
    """
    before, text = read_yaml(path), read_text(path)
    by_hand = f"{safe(path)}: the entry could not be put below {section}; write it there by hand"
    if not isinstance(before, dict) or not isinstance(before.get(section), dict) or not before[section]:
        raise UserError(f"{safe(path)}: has no section {section} with an entry in it; write it by hand")
    if name in before[section]:
        raise UserError(f"{safe(path)}: {section} has an entry {name} already; choose another name, or remove it")
    root = _node(path, text)
    assert isinstance(root, yaml.MappingNode)
    (node,) = [entry for key, entry in root.value if key.value == section]
    lines = text.split("\n")
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        key = node.value[0][0]
        end = "\r" if lines[0].endswith("\r") else ""
        lines.insert(_last_line(node) + 1, " " * key.start_mark.column + entry_line(name, value) + end)
    else:
        end = node.end_mark
        line = lines[end.line]
        lines[end.line] = f"{line[: end.column - 1].rstrip()}, {entry_line(name, value)}{line[end.column - 1 :]}"
    after = "\n".join(lines)
    try:
        right = yaml.safe_load(after) == {**before, section: before[section] | {name: value}}
    except yaml.YAMLError:
        right = False
    if not right:
        raise UserError(by_hand)
    return after


def add_entry(path: Path, section: str, name: str, value: object) -> None:
    """Write `name: value` into a section of a YAML file; comments and order stay. Errors as `with_entry`."""
    write_atomic(path.resolve(), with_entry(path, section, name, value).encode())  # a link stays one
