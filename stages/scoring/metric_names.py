"""Which metrics a run will have, by name, before anything is computed. No torch here."""

from collections.abc import Iterator, Sequence
from typing import Literal

from stages import registry
from stages.errors import UserError
from stages.metrics import CaseMetric, ImageMetric, MapMetric, Metric, SetMetric
from stages.params.outputs import Protocol, ScoreParams
from stages.params.whole import Params
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair
from stages.scoring.prepared import Setup
from stages.scoring.transfer_masks import REGIONS, regions_beside_taken
from stages.scoring.user_files import clip_titles
from stages.statistics.names import FAILURE

PARSER_SIZE = 512  # px of every face parser
Measured = Literal["reconstructions", "composites"]  # what single metrics are measured of
JUDGE = "judge"  # in front of what another parser than the run's own says


def setup_of(params: Params) -> Setup:
    """What the names depend on, from all parameters."""
    networks = params["networks"]
    return setup_with(params["score"], networks["judges"], networks["parser"], networks["judge_parsers"])


def setup_with(score: ScoreParams, judges: Sequence[str], parser: str, judge_parsers: Sequence[str]) -> Setup:
    """What the names depend on, from section `score` and the names of the networks that measure."""
    titles = tuple(registry.load("networks", judge).title for judge in judges)
    inception, given = score["inception"] is not None, (clip_titles(score), score["arcface"] is not None)
    return Setup(
        score["size"], titles, parser, PARSER_SIZE, inception, score["identity"], tuple(judge_parsers), *given
    )  # fmt: skip


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


def _part(name: str) -> str:
    """What stands in front of the name of a metric of two images or maps: kept, taken, a region, …"""
    return name.partition(" ")[0]


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


def ranges_of(setup: Setup) -> dict[str, tuple[float, float]]:
    """The smallest and the largest value that each metric of single items can have, by its name."""
    return {name: m.range for m in registry.entries("metrics").values() for _, name in _names(m, setup)}


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
    return list(dict.fromkeys([*networks_for("reconstructions", setup), *networks_for("composites", setup)]))


def entries_for(what: Measured, setup: Setup) -> list[str]:
    """The files of the metrics that are measured of single embeddings, or of single composites."""
    return [entry for entry, metric in registry.entries("metrics").items() if _measures(metric, what, setup)]


def networks_for(what: Measured, setup: Setup) -> list[str]:
    """Names of the networks that these metrics need beside the judges and the parser, each once."""
    entries = [registry.load("metrics", entry) for entry in entries_for(what, setup)]
    needed = (metric.networks for metric in entries if isinstance(metric, ImageMetric | CaseMetric))
    return list(dict.fromkeys(network for networks in needed for network in networks))


def _measures(metric: Metric, what: Measured, setup: Setup) -> bool:
    """Whether a metric is measured of single items of a kind."""
    if isinstance(metric, ImageMetric):
        of_embeddings = {"whole", "self-transfer"}
        return bool(of_embeddings & {*metric.views} if what == "reconstructions" else {*metric.views} - of_embeddings)
    if what == "reconstructions" or isinstance(metric, SetMetric):
        return False
    return isinstance(metric, MapMetric) or metric.wanted(setup)


def own_hair(setup: Setup) -> set[str]:
    """The names of the metrics of an image that gets its own hair, as HairFastGAN gives them."""
    metrics = registry.entries("metrics").values()
    own = (each for each in metrics if isinstance(each, ImageMetric) and "self-transfer" in each.views)
    return {name for metric in own for name in metric.names(setup)}


def left_out(pairs: Sequence[Pair], scheme: LabelScheme, setup: Setup) -> set[str]:
    """The names of the metrics that are measured of every composite, and say nothing of any of these pairs.

    They are of regions that are just what is taken, and those that do not apply.
    """
    names: set[str] = set()
    idle = set(REGIONS) - set(regions_beside_taken(pairs, scheme))
    for metric in registry.entries("metrics").values():
        if isinstance(metric, ImageMetric | MapMetric):
            names |= {
                name for protocol, name in _names(metric, setup) if protocol == "transfer" and _part(name) in idle
            }
        elif isinstance(metric, CaseMetric) and metric.wanted(setup) and not metric.applies(pairs):
            names |= set(metric.names(setup))
    return names
