"""Which metrics a run will have, by name, before anything is computed. No torch here."""

from collections.abc import Iterator

from stages import registry
from stages.errors import UserError
from stages.metrics import CaseMetric, ImageMetric, MapMetric, Metric, SetMetric
from stages.params.outputs import Protocol
from stages.params.whole import Params
from stages.scoring.prepared import Setup
from stages.scoring.transfer_masks import REGIONS
from stages.scoring.user_files import clip_titles
from stages.statistics.names import FAILURE

PARSER_SIZE = 512  # px of every face parser
JUDGE = "judge"  # in front of what another parser than the run's own says


def setup_of(params: Params) -> Setup:
    """What the names depend on, from all parameters."""
    score, networks = params["score"], params["networks"]
    judges = tuple(registry.load("networks", judge).title for judge in networks["judges"])
    inception, given = score["inception"] is not None, (clip_titles(score), score["arcface"] is not None)
    parsers = tuple(networks["judge_parsers"])
    return Setup(score["size"], judges, networks["parser"], PARSER_SIZE, inception, score["identity"], parsers, *given)


def metrics_of(params: Params) -> dict[Protocol, list[str]]:
    """Names of the metrics of single items that a run may have, by protocol.

    Which regions are measured apart, and whether looks are, depends on the pairs: all that may be are named.
    Raises UserError if two have one name.
    """
    setup = setup_of(params)
    of: dict[Protocol, dict[str, str]] = {"reconstruction": {}, "transfer": {FAILURE: FAILURE}}
    titles: dict[str, str] = {}
    for entry, metric in registry.entries("metrics").items():
        for protocol, name in _names(metric, setup):
            _claim(of[protocol], name, entry)
        if isinstance(metric, SetMetric):
            _claim(titles, metric.title("…"), entry)
    return {protocol: list(names) for protocol, names in of.items()}


def _names(metric: Metric, setup: Setup) -> Iterator[tuple[Protocol, str]]:
    """The names of a metric of single items, each with its protocol."""
    if isinstance(metric, ImageMetric):
        for view in metric.views:
            if view == "whole":
                yield from (("reconstruction", name) for name in metric.names(setup))
            elif view in ("kept", "outside", "taken"):
                yield from (("transfer", f"{view} {name}") for name in metric.names(setup))
            elif view == "region":
                names = metric.names(setup._replace(judges=setup.judges[-1:]))
                yield from (("transfer", f"{region} {name}") for region in REGIONS for name in names)
    elif isinstance(metric, MapMetric):
        names = [name for each in named_by_parser(metric, setup).values() for name in each]
        yield from (("transfer", f"{part} {name}") for part in ("taken", *REGIONS, "mean") for name in names)
    elif isinstance(metric, CaseMetric) and metric.wanted(setup):
        yield from (("transfer", name) for name in metric.names(setup))


def _claim(owners: dict[str, str], name: str, entry: str) -> None:
    """Note whose a name is; raises UserError if it is taken: rows of two things would be taken for one."""
    if name in owners:
        other = f"stages/metrics/{owners[name]}.py gives it too" if owners[name] != entry else "it gives it twice"
        why = "a metric and the title of a judge need a name of their own"
        raise UserError(f"stages/metrics/{entry}.py: the name {name} is not unique: {other}; {why}")
    owners[name] = entry


def named_by_parser(metric: MapMetric, setup: Setup) -> dict[str, list[str]]:
    """Names of a metric of label maps, by the parser that makes the composite's map: the run's own, then the judges."""
    named = {setup.parser: metric.names(setup)}
    for judge in setup.judge_parsers:
        named[judge] = [f"{JUDGE} {name}" for name in metric.names(setup._replace(parser=judge))]
    return named


def networks_of(params: Params) -> list[str]:
    """Names of the networks that the metrics need beside the judges and the parser, each once."""
    setup = setup_of(params)
    needed: dict[str, None] = {}
    for metric in registry.entries("metrics").values():
        if isinstance(metric, ImageMetric) or (isinstance(metric, CaseMetric) and metric.wanted(setup)):
            needed |= dict.fromkeys(metric.networks)
    return list(needed)
