"""params.yaml with comments made of what the types say; the values, and how they are written, are the user's. No torch.

A comment stands behind a key if the line has room, else above it. Comments that a user wrote are not kept.
"""

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import yaml

from stages import registry
from stages.errors import UserError
from stages.params.whole import Methods
from stages.settings.config import check_params
from stages.settings.problems import safe
from stages.settings.schema import kinds, of_section
from stages.settings.words import Schema
from stages.settings.yaml_files import entry_line, read_text, read_yaml

WIDTH = 120
HEAD = """\
# yaml-language-server: $schema=workflow/schemas/params.schema.json
# Every number a user may turn; one section a stage. `python -m stages.params` makes these comments of the types in
# stages/params; with --explain KEY it says what a key may be.
"""


def commented(path: Path) -> str:
    """The text of a params.yaml with its comments made again.

    Raises:
        UserError: it cannot be read, is wrong, or is written in a way that needs a person.
    """
    params, text = read_yaml(path), read_text(path)
    check_params(params, safe(path))
    lines = HEAD.splitlines()
    for name, node in _items(yaml.compose(text, yaml.SafeLoader)):
        lines += ["", *_section(name, node, params[name], text)]
    made = "\n".join(lines) + "\n"
    try:
        same = repr(yaml.safe_load(made)) == repr(params)
    except yaml.YAMLError:
        same = False
    if not same:
        raise UserError(f"{safe(path)}: has a value that cannot be written on one line; write it in another way")
    return made


def _items(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """The keys and nodes of a mapping; what it merges (`<<`) is put into it."""
    assert isinstance(node, yaml.MappingNode)
    yaml.SafeLoader("").flatten_mapping(node)
    return [(key.value, value) for key, value in node.value]


def _section(name: str, node: yaml.Node, value: object, text: str) -> Iterator[str]:
    schema = of_section(name)
    yield from _with_words(f"{name}:", schema.get("description", ""), "")
    if name == "methods":
        yield from _methods(_items(node), cast("Methods", value), text)
    else:
        for key, each in _items(node):
            yield from _entry(key, each, schema["properties"][key], "  ", text)


def _entry(key: str, node: yaml.Node, schema: Schema, indent: str, text: str) -> Iterator[str]:
    words = schema.get("description", "")
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        yield from _with_words(f"{indent}{key}:", words, indent)
        for name, each in _items(node):
            yield from _entry(name, each, schema["properties"][name], f"{indent}  ", text)
    else:
        yield from _with_words(f"{indent}{key}: {_flow(node, text, bare=True)}", words, indent)


def _methods(items: list[tuple[str, yaml.Node]], methods: Methods, text: str) -> Iterator[str]:
    """The entries, the first of each kind with its words; then a kind without an entry as a comment."""
    told = set()
    for name, node in items:
        kind = methods[name]["kind"]
        yield from _with_words(f"  {name}: {_flow(node, text)}", "" if kind in told else _kind_words(kind), "  ")
        told.add(kind)
    for kind, schema in kinds().items():
        if kind not in told:
            name = "mine" if registry.load("methods", kind).supplied else kind
            example = schema.get("examples", [{"kind": kind}])[0]
            yield from _with_words(f"  # {entry_line(name, example)}", _kind_words(kind), "  ")


def _kind_words(kind: str) -> str:
    """What a kind of method is, and what its keys mean."""
    schema = kinds()[kind]
    keys = [f"{k}: {each['description']}." for k, each in schema["properties"].items() if "description" in each]
    return " ".join([schema["description"], *keys])


def _with_words(line: str, words: str, indent: str) -> Iterator[str]:
    if words and len(line) + len(words) + 3 > WIDTH:
        lines = textwrap.wrap(words, WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False)
        yield from (f"{indent}# {each}" for each in lines)
        yield line
    else:
        yield f"{line} # {words.removesuffix('.')}" if words else line


def _flow(node: yaml.Node, text: str, bare: bool = False) -> str:
    """A node on one line, its numbers and words as the user wrote them.

    `bare`: it is in no list and no `{…}`, in which commas and brackets need quotes.
    """
    if isinstance(node, yaml.MappingNode):
        return "{" + ", ".join(f"{key}: {_flow(each, text)}" for key, each in _items(node)) + "}"
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(_flow(each, text) for each in node.value) + "]"
    assert isinstance(node, yaml.ScalarNode)
    written = re.sub(r"^&\S+\s*", "", text[node.start_mark.index : node.end_mark.index])  # no anchor
    plain = node.style is None and (bare or not set(written) & set(",[]{}"))
    if len(written.splitlines()) <= 1 and (plain or node.style in ('"', "'")):
        return written or "null"
    return json.dumps(node.value, ensure_ascii=False)
