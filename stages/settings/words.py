"""The rules of params.yaml in words, made of its JSON schema, and how its values are shown. No torch here."""

import json
import re
from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import Any

from stages.registry import did_you_mean
from stages.settings.problems import safe

Schema = dict[str, Any]  # a JSON schema

LONGEST = 60  # characters of a value that a message shows


def written(value: object) -> str:
    """A value about as YAML has it, cut if it is long."""
    try:
        text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        text = "something that cannot be shown"
    text = safe(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def written_quoted(value: object) -> str:
    """As `written`; a text is in quotes, so that "5" is no 5."""
    return f'"{written(value)}"' if isinstance(value, str) and value.strip() else written(value)


def as_number(value: object) -> str:
    """How a message about a text that was meant as a number ends; nothing for any other value.

    YAML 1.1 takes `1e-3` as text: its numbers with an exponent need a dot and the exponent's sign.
    """
    if not isinstance(value, str) or not (parts := re.fullmatch(r"([+-]?\d+)(\.\d*)?(?:[eE]([+-]?)(\d+))?", value)):
        return ""
    whole, dot, sign, exponent = parts.groups()
    if exponent is None:
        return f"; write {value} without quotes"
    return f"; in YAML that is a text: write {whole}{dot or '.0'}e{sign or '+'}{exponent}"


def takes_number(schema: Schema) -> bool:
    """Whether a value may be a number."""
    return schema.get("type") in ("integer", "number") or any(map(takes_number, schema.get("anyOf", ())))


def listed(names: Sequence[object]) -> str:
    """`a, b or c`."""
    texts = [written(name) for name in names]
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def rule(schema: Schema) -> str:
    """What a value must be, as the end of a sentence: `a whole number from 0 to 10`."""
    if "title" in schema:
        return str(schema["title"])
    if "anyOf" in schema:
        return ", or ".join(sorted((rule(each) for each in schema["anyOf"]), key=len))
    if "enum" in schema:
        return listed(schema["enum"])
    if "const" in schema:
        return written(schema["const"])
    match schema.get("type"):
        case "integer":
            return "a whole number" + _bounds(schema)
        case "number":
            return "a number" + _bounds(schema)
        case "array":
            return f"a list of {_length(schema)}each {rule(schema['items'])}"
        case "object" if "properties" in schema:
            return f"keys with values: {', '.join(schema['properties'])}"
        case "object":
            return "keys with values"
    return {"boolean": "true or false", "string": "text", "null": "null"}[schema["type"]]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e10 else f"{value:g}"


def _bounds(schema: Schema) -> str:
    bounds = {key: _number(value) for key, value in schema.items() if "imum" in key.lower()}
    match bounds:
        case {"minimum": low, "maximum": high}:
            return f" from {low} to {high}"
        case {"exclusiveMinimum": low, "maximum": high}:
            return f" above {low}, at most {high}"
        case {"minimum": low, "exclusiveMaximum": high}:
            return f" from {low} to below {high}"
        case {"exclusiveMinimum": low, "exclusiveMaximum": high}:
            return f" between {low} and {high}"
        case {"minimum": low}:
            return f" of at least {low}"
    assert not bounds, f"no words for {bounds}"
    return ""


def _length(schema: Schema) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if most is None:
        return f"{least} or more, " if least else "any number, "
    return f"{most}, " if least == most else f"{least} to {most}, "


def _one_slip(a: str, b: str) -> bool:
    """Whether one letter is changed, missing or too many, or two beside each other are swapped."""
    for _ in range(2):  # what both begin with, then what both end with, goes
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
        a, b = a[same:][::-1], b[same:][::-1]
    return max(len(a), len(b)) <= 1 or (len(a) == 2 and a == b[::-1])


def meant(name: str, known: Sequence[str], missing: Collection[str] = ()) -> tuple[str, str | None]:
    """How a message about an unknown key ends, and the key that is meant, if that is clear.

    `missing`: the known ones that are not there; one of them is likelier than one that is.
    """
    for pool in ([key for key in known if key in missing], known):
        near = [key for key in pool if _one_slip(key.casefold(), name.casefold())]
        if near:
            return f"; did you mean {near[0]}?", near[0]
    for pool in ([key for key in known if key in missing], known):
        words = did_you_mean(name, list(pool))
        if words.startswith("; did you mean "):
            return words, words.removeprefix("; did you mean ").removesuffix("?")
    return did_you_mean(name, list(known)), None
