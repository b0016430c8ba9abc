"""Parameters: what is wrong with them as a whole. No torch here."""

from collections.abc import Mapping
from typing import Any

from stages import registry
from stages.errors import UserError
from stages.scoring.names import metrics_of
from stages.settings.methods import ONE_FILE, aligned, embedding
from stages.settings.model import check_section_type, check_types

GALLERY_STAGES = ("targets", "aligned", "composites")  # whose records the gallery has
ROLES = ("generator", "parser", "perceptual")


def check_params(params: Any, source: str = "params.yaml") -> None:
    """Check all parameters, and whether they fit each other; raises UserError naming the key."""
    try:
        check_types(params)
        _check_faces(params["faces"])
        _check_networks(params["networks"])
        _check_fill(params["target"])
        _check_report(params)
        _check_gallery(params)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


def check_section(name: str, section: Any) -> None:
    """Check one section of the parameters, or `all` of them; raises UserError naming the key."""
    if name == "all":
        check_params(section, "params")
        return
    check_section_type(name, section)
    if name in ONE_SECTION:
        ONE_SECTION[name](section)


def _check_faces(faces: Mapping[str, Any]) -> None:
    if "photos" in faces["source"] and not faces["photos"]:
        raise UserError("faces.photos: name the folder of photos that faces.source asks for")
    _check_once("faces.source", faces["source"])


def _check_once(where: str, named: list[str]) -> None:
    if twice := [each for each in dict.fromkeys(named) if named.count(each) > 1]:
        raise UserError(f"{where}: names {twice[0]} twice; remove one")


def _check_networks(networks: Mapping[str, Any]) -> None:
    known = registry.entries("networks")
    wanted = [(f"networks.{role}", role, networks[role]) for role in ROLES]
    wanted += [("networks.judges", "perceptual", judge) for judge in networks["judges"]]
    for where, role, name in wanted:
        fitting = [other for other, network in known.items() if network.role == role]
        if name not in fitting:
            raise UserError(f"{where}: {name} is no {role}{registry.did_you_mean(name, fitting)}")
    _check_once("networks.judges", networks["judges"])


def _check_fill(target: Mapping[str, Any]) -> None:
    if target["fill"] not in (known := registry.names("fills")):
        raise UserError(f"target.fill: there is no fill {target['fill']}{registry.did_you_mean(target['fill'], known)}")


def _check_report(params: Mapping[str, Any]) -> None:
    methods = params["methods"]
    for key in ("method", "against"):
        if (named := params["report"][key]) not in methods:
            raise UserError(f"report.{key}: {named} is none of the methods ({', '.join(methods)})")

    known = metrics_of(params)
    named = [(f"report.rank.{protocol}", protocol, params["report"]["rank"][protocol]) for protocol in known]
    named += [("report.metrics", "transfer", metric) for metric in params["report"]["metrics"]]
    for where, protocol, metric in named:
        kinds = list(dict.fromkeys(name.split("@")[0] for name in known[protocol]))
        meant = _meant(metric, kinds)
        if not meant:
            short = [name for kind in kinds if _meant(name := kind.rpartition(" ")[0], kinds) == [kind]] + kinds
            raise UserError(
                f"{where}: {metric} is no metric of {protocol}{registry.did_you_mean(metric, short)}"
            )
        if len(meant) > 1:
            raise UserError(f"{where}: {metric} may be {' or '.join(meant)}; name it in full")


def _meant(name: str, kinds: list[str]) -> list[str]:
    """The metrics, named without their size, that a name without network stands for."""
    return [kind for kind in kinds if kind == name or kind.startswith(f"{name} ")]


def _check_gallery(params: Mapping[str, Any]) -> None:
    """The gallery needs a method with a code that every face has; without a gallery nothing needs one."""
    _check_once("gallery.kinds", params["gallery"]["kinds"])
    if not params["gallery"]["kinds"]:
        return
    codes = embedding(params["methods"])
    fitting = [name for name in aligned(params["methods"]) if codes[name] in ONE_FILE]
    if (named := params["gallery"]["method"]) not in fitting:
        raise UserError(f"gallery.method: {named} has no code w or fs; these have: {', '.join(fitting) or 'none'}")


ONE_SECTION = {"faces": _check_faces, "networks": _check_networks, "target": _check_fill}


def scheme_name(networks: Mapping[str, Any]) -> str:
    """The label scheme of the face parser in use."""
    scheme = registry.load("networks", networks["parser"]).scheme
    assert isinstance(scheme, str), f"{networks['parser']} is a parser without a label scheme"
    return scheme


def used_networks(networks: Mapping[str, Any]) -> list[str]:
    """Names of all networks that the section `networks` uses, each once."""
    return list(dict.fromkeys([*(networks[role] for role in ROLES), *networks["judges"]]))
