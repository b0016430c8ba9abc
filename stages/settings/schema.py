"""The JSON schema of params.yaml, made of the types of its sections and of what is registered. No torch here."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from typing_extensions import TypedDict

from stages import registry
from stages.errors import UserError
from stages.params.align_section import AlignParams
from stages.params.completer_section import CompleterParams
from stages.params.embed_section import EmbedParams
from stages.params.encoder_section import EncoderParams
from stages.params.faces_to_targets import FacesParams, MapsParams, PairsParams, TargetParams
from stages.params.fields import Path, section
from stages.params.jobs import JobsParams
from stages.params.networks import NetworksParams
from stages.params.outputs import ExamplesParams, GalleryParams, ReportParams, ScoreParams
from stages.params.whole import Params
from stages.settings.checkpoints import supplied_networks
from stages.settings.words import Schema, rule

ROLES: tuple[Literal["generator", "parser", "perceptual"], ...] = ("generator", "parser", "perceptual")
METHOD_NAME = "[a-z][a-z0-9_]{0,49}"
METHODS = "What is compared; each names its kind, a file of stages/methods."
CHECKPOINTS = "Where the files of the paper's networks are; only those of networks in use need to exist."


class _Untitled(GenerateJsonSchema):
    """Titles are ours, not made of the keys, and keys stay in their order."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


@cache
def checkpoints() -> object:
    """The type of the section `checkpoints`: a path for every network whose file the user supplies."""
    return section(CHECKPOINTS)(TypedDict("CheckpointsParams", dict.fromkeys(supplied_networks(), Path)))  # type: ignore[operator]


@cache
def own_sections() -> dict[str, object]:
    """The type of every section that belongs to a kind of method.

    Raises UserError if two kinds have one section.
    """
    found: dict[str, object] = {}
    owners: dict[str, str] = {}
    for kind, method in registry.entries("methods").items():
        if method.section is None:
            continue
        if other := owners.get(method.section):
            raise UserError(
                f"stages/methods: {other} and {kind} have one section, {method.section}; rename one of them"
            )
        found[method.section], owners[method.section] = method.params, kind
    return found


@cache
def sections() -> dict[str, object]:
    """The type of every section in the order of params.yaml; those of the methods come after `align`.

    Raises UserError if a kind of method has the section of a stage or of another kind.
    """
    before: dict[str, object] = {
        "networks": NetworksParams, "checkpoints": checkpoints(), "faces": FacesParams, "maps": MapsParams,
        "pairs": PairsParams, "target": TargetParams, "embed": EmbedParams, "methods": dict[str, dict[str, object]],
        "align": AlignParams,
    }  # fmt: skip
    after: dict[str, object] = {
        "examples": ExamplesParams, "score": ScoreParams, "report": ReportParams, "gallery": GalleryParams,
        "jobs": JobsParams, "encoder": EncoderParams, "completer": CompleterParams,
    }  # fmt: skip
    if taken := [name for name in own_sections() if name in before or name in after]:
        raise UserError(f"stages/methods: section {taken[0]} of a kind of method is that of a stage; rename it")
    return {**before, **own_sections(), **after}


def _expanded(node: Any, defs: Schema) -> Any:
    """The same schema with definitions in place of references to them."""
    if isinstance(node, list):
        return [_expanded(each, defs) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = defs[node["$ref"].rpartition("/")[2]] | {key: value for key, value in node.items() if key != "$ref"}
    return {key: _expanded(value, defs) for key, value in node.items() if key != "$defs"}


@cache
def of_type(kind: Any) -> Schema:
    """The JSON schema of a typed dictionary."""
    found: Schema = TypeAdapter(kind).json_schema(schema_generator=_Untitled)
    found = _expanded(found, found.get("$defs", {}))
    _untitle(found)
    return found


def _untitle(node: Schema) -> None:
    """Names of classes are no titles."""
    if node.get("type") == "object":
        node.pop("title", None)
        for each in node.get("properties", {}).values():
            _untitle(each)


@cache
def kinds() -> dict[str, Schema]:
    """The schema of an entry of `methods`, by its kind."""
    return {name: of_type(method.choice) for name, method in registry.entries("methods").items()}


@cache
def of_section(name: str) -> Schema:
    """The schema of a section, with the names of what is registered."""
    if name == "methods":
        return {
            "description": METHODS, "type": "object", "minProperties": 1,
            "propertyNames": {"pattern": f"^{METHOD_NAME}$"}, "additionalProperties": {"oneOf": list(kinds().values())},
        }  # fmt: skip
    found = of_type(sections()[name])
    properties = found["properties"]
    if name == "networks":
        known = registry.entries("networks")
        by_role = {role: [other for other, network in known.items() if network.role == role] for role in ROLES}
        for role in ROLES:
            node = properties[role] | {"enum": by_role[role]}
            words = [node["description"], rule(node)] if "description" in node else [rule(node)]
            properties[role] = node | {"description": ": ".join(words)}
        properties["judges"]["items"]["enum"] = by_role["perceptual"]
        properties["judge_parsers"]["items"]["enum"] = by_role["parser"]
    elif name == "target":
        properties["fill"]["enum"] = list(registry.names("fills"))
    return found


def whole() -> Schema:
    """The schema of params.yaml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "params.yaml",
        "type": "object",
        "additionalProperties": False,
        "required": list(sections()),
        "properties": {name: of_section(name) for name in sections()},
    }


def at(key: Sequence[str], params: Params) -> Schema | None:
    """The schema of a key, given as the names on the way to it; None if there is none.

    `params`: what the file holds now: an entry of `methods` is of the kind that it names.
    """
    if not key or key[0] not in sections():
        return None
    if key[0] == "methods" and len(key) > 1:
        if key[1] not in params["methods"]:
            return None
        node, rest = kinds()[params["methods"][key[1]]["kind"]], key[2:]
    else:
        node, rest = of_section(key[0]), key[1:]
    for part in rest:
        node = node.get("properties", {}).get(part)
        if node is None:
            return None
    return node
