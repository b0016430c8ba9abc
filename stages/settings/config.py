"""Parameters: what is wrong with them as a whole. No torch here."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from stages import registry
from stages.errors import UserError
from stages.formats.weight_files import read_metadata
from stages.params.networks import NetworksParams
from stages.params.outputs import ReportParams
from stages.params.whole import Params
from stages.scoring.metric_names import metrics_of
from stages.scoring.transfer_masks import REGIONS
from stages.scoring.user_files import clip_titles
from stages.settings.methods import (
    FREED,
    MEAN,
    aligned,
    embedding,
    encoders,
    fill_networks,
    kind_of,
    known_encoders,
    previewed,
    source_problems,
)
from stages.settings.model import all_problems, section_problems
from stages.settings.origin import holder
from stages.settings.problems import refusal
from stages.settings.schema import ROLES
from stages.settings.words import meant, written
from stages.statistics.names import meant_by

PARTS = ("kept", "outside", "taken", "mean", *REGIONS)  # of a composite, in front of a metric's name
EXAMPLE_STAGES = ("targets", "aligned", "composites")  # whose records the examples have


def check_params(params: object, given: str | Mapping[str, object] = "params.yaml") -> None:
    """Check all parameters, and whether they fit each other.

    Args:
        params: the parameters.
        given: the name of the file that they stand in; if they are of several, the contents by name, each over the one
            before. What is wrong by itself is told with the file that it stands in.

    Raises:
        UserError: with a line for each that is wrong.
    """
    files = {given: params} if isinstance(given, str) else given
    source = " with ".join(files)
    found = all_problems(params)
    wrong = set(found)
    own = [line for each in found.values() for line in each]
    lines = [f"{holder(line.partition(':')[0], files) or source}: {line}" for line in own]
    for names, check in TOGETHER:
        if not wrong & {*names, ""} and (more := check(cast("Params", params))):
            lines += [f"{source}: {line}" for line in more]
            wrong |= set(names if len(names) == 1 else ())
    if lines:
        raise refusal(f"{source}: {len(lines)} settings are wrong", lines)


def check_section(name: str, section: object) -> None:
    """Check one section of the parameters, or `all` of them; raises UserError with a line for each that is wrong."""
    if name == "all":
        check_params(section, "params")
        return
    lines = section_problems(name, section)
    if not lines:
        lines = [
            line for names, check in TOGETHER if names == (name,) for line in check(cast("Params", {name: section}))
        ]
    if lines:
        raise refusal(f"{name}: {len(lines)} settings are wrong", lines)


def check_votes(report: ReportParams) -> None:
    """Raises UserError if the table of votes that is to be shown is not there."""
    if report["votes"] is not None and not Path(report["votes"]).is_file():
        raise UserError(
            f"report.votes: {report['votes']}: no such file; make it by `python -m stages.study export`, or set "
            "the key to null"
        )


def _twice(where: str, named: Sequence[str]) -> list[str]:
    twice = [each for each in dict.fromkeys(named) if named.count(each) > 1]
    return [f"{where}: names {each} more than once; once is enough" for each in twice]


def _faces(params: Params) -> list[str]:
    faces = params["faces"]
    lines = _twice("faces.source", faces["source"])
    if "photos" in faces["source"] and not faces["photos"]:
        lines.append("faces.photos: name the folder of photos that faces.source asks for")
    return lines


def _networks(params: Params) -> list[str]:
    networks, known = params["networks"], registry.entries("networks")
    wanted = [(f"networks.{role}", role, networks[role]) for role in ROLES]
    wanted += [("networks.judges", "perceptual", judge) for judge in networks["judges"]]
    wanted += [("networks.judge_parsers", "parser", judge) for judge in networks["judge_parsers"]]
    lines = _twice("networks.judges", networks["judges"]) + _twice("networks.judge_parsers", networks["judge_parsers"])
    if networks["parser"] in networks["judge_parsers"]:
        lines.append(f"networks.judge_parsers: {networks['parser']} is networks.parser; name another one, or none")
    for where, role, name in wanted:
        fitting = [other for other, network in known.items() if network.role == role]
        if name not in fitting:
            what = "perceptual network" if role == "perceptual" else role
            lines.append(f"{where}: there is no {what} {written(name)}{meant(name, fitting)[0]}")
    return lines


def _encoders(params: Params) -> list[str]:
    """An encoder's codes mean something to its own generator only."""
    generator, start = params["networks"]["generator"], params["embed"]["start"]
    if start not in (first := [MEAN, "w", *known_encoders()]):
        return [f"embed.start: there is no start {written(start)}{meant(start, first)[0]}"]
    codes = {"embed.start": start}
    codes |= {f"methods.{name}.code": code for name, code in embedding(params["methods"]).items()}
    of = {code: registry.load("networks", code).generator for code in encoders(params["methods"], start)}
    return [
        f"{where}: {code} gives codes of {of[code]}, and networks.generator is {generator}; "
        f"set it to {of[code]}, or choose {'w or mean' if where == 'embed.start' else 'another code'}"
        for where, code in codes.items()
        if code in of and of[code] != generator
    ]


def _alignment(params: Params) -> list[str]:
    """From the embedding on alignment moves W+, of which the mean face and encoders that read features know nothing."""
    align, start, methods = params["align"], params["embed"]["start"], params["methods"]
    if align["variant"] == "paper" and align["start"] == 0:
        return []
    where = "align.variant: official" if align["variant"] == "official" else f"align.start: {written(align['start'])}"
    begin = {name: start if methods[name]["code"] in FREED else methods[name]["code"] for name in previewed(methods)}
    without = {MEAN, *(name for name in known_encoders() if registry.load("networks", name).reads is not None)}
    return [
        f"{where}: methods.{name} is aligned from W+ on, and embed.start: {code} has none; set it to w"
        if methods[name]["code"] in FREED
        else f"{where}: methods.{name} is aligned from W+ on, and its code {code} has none; choose another code"
        for name, code in begin.items()
        if code in without
    ]


def _sources(params: Params) -> list[str]:
    return source_problems(params["methods"])


def _fill(params: Params) -> list[str]:
    fill, known = params["target"]["fill"], registry.names("fills")
    return [] if fill in known else [f"target.fill: there is no fill {written(fill)}{meant(fill, known)[0]}"]


def _fill_knows_labels(params: Params) -> list[str]:
    """A network that fills knows the labels of one parser. Whether its file can be used at all is said later."""
    fill, own, lines = params["target"]["fill"], scheme_name(params["networks"]), []
    for name in fill_networks(fill):
        path = Path(params["checkpoints"][name] or "")
        try:
            scheme = read_metadata(path).get("scheme")
        except UserError:
            continue
        if scheme not in (None, own):
            lines.append(
                f"target.fill: {fill} asks {path}, which knows the labels {scheme}; networks.parser: "
                f"{params['networks']['parser']} has the labels {own}; choose another fill, or train one with this "
                f"parser by `snakemake {name}`"
            )
    return lines


def _systems(params: Params) -> list[str]:
    """Results may say which system made them."""
    named = {name: choice["system"] for name, choice in params["methods"].items() if "system" in choice}
    known = registry.names("systems")
    return [
        f"methods.{name}.system: there is no system {written(system)}{meant(system, known)[0]}"
        for name, system in named.items()
        if system not in known
    ]


def _report(params: Params) -> list[str]:
    methods = list(params["methods"])
    named = {key: params["report"][key] for key in ("method", "against")}
    return [
        f"report.{key}: there is no method {written(name)}{meant(name, methods)[0]}"
        for key, name in named.items()
        if name not in methods
    ]


def _score(params: Params) -> list[str]:
    try:
        return _twice("score.clip", clip_titles(params["score"]))
    except UserError as error:
        return [str(error)]


def _metrics(params: Params) -> list[str]:
    """Metrics that are measured with these networks, methods and switches, and nothing that may be two of them."""
    known, lines = metrics_of(params), []
    named = [(f"report.rank.{protocol}", protocol, params["report"]["rank"][protocol]) for protocol in known]
    named += [("report.metrics", "transfer", metric) for metric in params["report"]["metrics"]]
    for where, protocol, metric in named:
        kinds = list(dict.fromkeys(name.split("@")[0] for name in known[protocol]))
        stands_for = meant_by(metric, kinds)
        if not stands_for:
            short = [name for kind in kinds if meant_by(name := kind.rpartition(" ")[0], kinds) == [kind]] + kinds
            words, near = meant(metric, short)
            words = words if near else f"; known: {_without_parts(kinds)}"
            lines.append(f"{where}: {written(metric)} is no metric of {protocol}{words}")
        elif len(stands_for) > 1:
            lines.append(f"{where}: {metric} may be {' or '.join(stands_for)}; name it in full")
    return lines


def _without_parts(kinds: list[str]) -> str:
    """All metrics on one line that can be read: what is measured of several parts of an image once, with these."""
    parts: dict[str, list[str]] = {}
    for kind in kinds:
        part, _, rest = kind.partition(" ")
        name, part = (rest, part) if part in PARTS else (kind, "")
        parts.setdefault(name, []).append(part)
    alone = [name for name, found in parts.items() if found == [""]]
    of_parts = [name for name in parts if name not in alone]
    used = [part for part in PARTS if any(part in found for found in parts.values())]
    more = [f"with one of {', '.join(used)} in front: {', '.join(of_parts)}"] if of_parts else []
    return "; ".join([*([", ".join(alone)] if alone else []), *more])


def _strata(params: Params) -> list[str]:
    return _twice("report.strata", params["report"]["strata"])


def _example_kinds(params: Params) -> list[str]:
    return _twice("examples.kinds", params["examples"]["kinds"])


def _examples(params: Params) -> list[str]:
    """The examples need a method that aligns codes; without examples nothing needs one."""
    methods, named = params["methods"], params["examples"]["method"]
    if not params["examples"]["kinds"]:
        return []
    if named not in methods:
        return [f"examples.method: there is no method {written(named)}{meant(named, list(methods))[0]}"]
    fitting = aligned(methods)
    if named in fitting:
        return []
    return [f"examples.method: {named} embeds no images; these do: {', '.join(fitting) or 'none'}"]


def _schemes(params: Params) -> list[str]:
    """A method may know the labels of some parsers only."""
    scheme, lines = scheme_name(params["networks"]), []
    for name, choice in params["methods"].items():
        known = kind_of(choice).schemes
        if known and scheme not in known:
            parser = params["networks"]["parser"]
            lines.append(
                f"methods.{name}: knows the labels {' or '.join(known)} only, and networks.parser: {parser} has "
                f"{scheme}; name another parser, or leave the method out"
            )
    return lines


# What is checked when these sections are right by themselves; what concerns one alone comes first.
TOGETHER: list[tuple[tuple[str, ...], Callable[[Params], list[str]]]] = [
    (("faces",), _faces),
    (("networks",), _networks),
    (("target",), _fill),
    (("examples",), _example_kinds),
    (("score",), _score),
    (("report",), _strata),
    (("methods",), _systems),
    (("methods", ""), _sources),  # all of them together: a stage gets one entry, without the one that it names
    (("networks", "embed", "methods"), _encoders),
    (("align", "embed", "methods"), _alignment),
    (("methods", "report"), _report),
    (("networks", "score", "report"), _metrics),
    (("methods", "examples"), _examples),
    (("networks", "methods"), _schemes),
    (("networks", "checkpoints", "target"), _fill_knows_labels),
]


def scheme_name(networks: NetworksParams) -> str:
    """The label scheme of the face parser in use."""
    scheme = registry.load("networks", networks["parser"]).scheme
    assert isinstance(scheme, str), f"{networks['parser']} is a parser without a label scheme"
    return scheme


def used_networks(networks: NetworksParams) -> list[str]:
    """Names of all networks that the section `networks` uses, each once."""
    return list(dict.fromkeys([*(networks[role] for role in ROLES), *networks["judges"], *networks["judge_parsers"]]))
