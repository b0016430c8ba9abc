"""Parameters: checked against their schema, with errors that name the key; what `methods` says. No torch here."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from stages.errors import UserError

ONE_FILE = ("w", "fs")  # kinds of code that every face has, in one file
GALLERY_STAGES = ("targets", "aligned", "composites")  # whose records the gallery has
SCHEMAS = Path(__file__).parent.parent.parent / "workflow" / "schemas"


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The schema of a file that users write: `params`, or a row of `images` or `pairs`."""
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())


def first_error(schema: dict[str, Any], value: Any) -> str | None:
    """The most telling violation as `key.key: what is wrong`, or None."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return _non_finite(value)
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


def _non_finite(value: Any, where: str = "") -> str | None:
    """JSON schema lets YAML's `.inf` and `.nan` pass for numbers."""
    if isinstance(value, dict):
        found = (_non_finite(item, f"{where}.{key}".strip(".")) for key, item in value.items())
        return next(filter(None, found), None)
    return f"{where}: {value} is not a finite number" if isinstance(value, float) and not math.isfinite(value) else None


def _check_faces(faces: dict[str, Any], source: str) -> None:
    if "photos" in faces["source"] and not faces["photos"]:
        raise UserError(f"{source}: faces.photos: name the folder of photos that faces.source asks for")


def check_params(params: dict[str, Any], source: str = "params.yaml") -> None:
    """Check all parameters; raises UserError naming the key."""
    if error := first_error(schema_of("params"), params):
        raise UserError(f"{source}: {error}")
    _check_faces(params["faces"], source)
    methods = params["methods"]
    for key in ("method", "against"):
        if (named := params["report"][key]) not in methods:
            raise UserError(f"{source}: report.{key}: {named} is none of the methods ({', '.join(methods)})")
    latent = [method for method, choice in methods.items() if choice.get("code") in ONE_FILE]
    if (named := params["gallery"]["method"]) not in latent:
        raise UserError(f"{source}: gallery.method: {named} has no code w or fs; these have: {', '.join(latent)}")


def check_section(name: str, section: Any) -> None:
    """Check one section of the parameters, or `all` of them; raises UserError naming the key."""
    if name == "all":
        check_params(section, "params")
        return
    schema = schema_of("params")
    if error := first_error({**schema["properties"][name], "$defs": schema["$defs"]}, section):
        raise UserError(f"{name}: {error}")
    if name == "faces":
        _check_faces(section, "params")


def canonical(value: Any) -> str:
    """JSON in one canonical form: sorted keys, no spaces, 10.0 as 10. Equal parameters have equal texts."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


SCHEME_NAMES = {"bisenet19": "celebamask-19", "bisenet16": "celebamask-16"}


def used_networks(networks: dict[str, Any]) -> list[str]:
    """Names of all networks that the section `networks` uses, each once."""
    roles = (networks[role] for role in ("generator", "parser", "perceptual"))
    return list(dict.fromkeys([*roles, *networks["judges"]]))


def methods_with(methods: dict[str, dict[str, Any]], key: str) -> list[str]:
    """Names of the methods of one kind: `code` (a latent code), `paste`, `optimise` or `images` (from elsewhere)."""
    return [method for method, choice in methods.items() if key in choice]


def reconstruction_folders(methods: dict[str, dict[str, Any]]) -> dict[str, str]:
    """For each method that reconstructs faces, the folder of its renders below data/reconstructions.

    That is the name of its kind of code; another system's images have a folder of their own.
    """
    folders = {method: choice["code"] for method, choice in methods.items() if "code" in choice}
    return folders | {method: f"external-{method}" for method in methods_with(methods, "reconstructions")}


def other_codes(methods: dict[str, dict[str, Any]]) -> list[str]:
    """The kinds of code that some method uses beside W+ and FS, which are always computed."""
    used = dict.fromkeys(choice["code"] for choice in methods.values() if "code" in choice)
    return [code for code in used if code not in ONE_FILE]


def code_folder(codes: Path, code: str) -> Path:
    """Where a kind of code lies: W+ and FS are one file, the others have folders of their own."""
    return codes if code in ONE_FILE else codes / code


SELF_TRANSFER = "self-transfer"


def protocols(params: dict[str, Any]) -> dict[str, list[str]]:
    """What is measured, and the methods that must have it: not all embed something."""
    methods, own = params["methods"], in_place(params)
    always = {"reconstruction": list(reconstruction_folders(methods)), "transfer": list(methods)}
    return always | ({SELF_TRANSFER: own} if own else {})


def in_place(params: dict[str, Any]) -> list[str]:
    """Names of the methods whose composite of an image with its own hair is its embedding: `stages.score` says why."""
    if not params["score"]["self_transfer"]:
        return []
    codes, official = methods_with(params["methods"], "code"), params["align"]["variant"] == "official"
    return [method for method in codes if not (official and params["methods"][method]["align"])]
