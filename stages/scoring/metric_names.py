"""Which metrics a run will have, by name, before anything is computed. No torch here."""

from stages import registry
from stages.metrics import CaseMetric, ImageMetric, MapMetric
from stages.params.outputs import Protocol
from stages.params.whole import Params
from stages.scoring.prepared import Setup
from stages.scoring.transfer_masks import REGIONS

PARSER_SIZE = 512  # px of every face parser
JUDGE = "judge"  # in front of what another parser than the run's own says


def setup_of(params: Params) -> Setup:
    """What the names depend on, from all parameters."""
    score, networks = params["score"], params["networks"]
    judges = tuple(registry.load("networks", judge).title for judge in networks["judges"])
    inception = score["inception"] is not None
    parsers = tuple(networks["judge_parsers"])
    return Setup(score["size"], judges, networks["parser"], PARSER_SIZE, inception, score["identity"], parsers)


def metrics_of(params: Params) -> dict[Protocol, list[str]]:
    """Names of the metrics of single items that a run may have, by protocol.

    Which regions are measured apart, and whether looks are, depends on the pairs: all that may be are named.
    """
    setup = setup_of(params)
    last = setup._replace(judges=setup.judges[-1:])
    of_images: list[str] = []
    of_pairs: list[str] = []
    for metric in registry.entries("metrics").values():
        if isinstance(metric, ImageMetric):
            of_images += metric.names(setup) if "whole" in metric.views else []
            for view in ("kept", "outside", "taken"):
                of_pairs += [f"{view} {name}" for name in metric.names(setup) if view in metric.views]
            of_pairs += [f"{r} {name}" for r in REGIONS for name in metric.names(last) if "region" in metric.views]
        elif isinstance(metric, MapMetric):
            names = [name for each in named_by_parser(metric, setup).values() for name in each]
            of_pairs += [f"{part} {name}" for part in ("taken", *REGIONS, "mean") for name in names]
        elif isinstance(metric, CaseMetric) and metric.wanted(setup):
            of_pairs += metric.names(setup)
    return {"reconstruction": of_images, "transfer": of_pairs}


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
