"""Circular judges: metrics of a network that a method of the run also minimised. Found from the parameters."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stages import registry
from stages.metrics import Metric, SetMetric
from stages.params.whole import Params
from stages.reporting.names import method_name
from stages.scoring.metric_names import setup_of
from stages.scoring.prepared import Setup
from stages.settings.methods import minimised

MARK = "⟲"  # behind the name of such a metric


class Loss(NamedTuple):
    """A network that is a loss: as metrics are named after it, the methods that minimise it, and `others`.

    `others`: metrics that measure with it and do not say so in their names; names without a view in front.
    """

    network: str
    methods: Sequence[str]
    others: Sequence[str]

    def judges(self, metric: str) -> bool:
        """Whether a metric, by its full name, is measured by this network."""
        named = re.search(rf"(?<![\w-]){re.escape(self.network)}(?![\w-])", metric)
        return named is not None or any(metric == name or metric.endswith(f" {name}") for name in self.others)


class Losses(tuple[Loss, ...]):
    """All networks that are losses in a run."""

    def marked(self, metric: str, short: str | None = None) -> str:
        """The name of a metric or a shorter one, with the mark if a network measures it that a method minimised."""
        name = metric if short is None else short
        return f"{name} {MARK}" if any(loss.judges(metric) for loss in self) else name

    def note(self, metrics: Iterable[str]) -> str:
        """One line that says what the mark means for these metrics; empty if none has it."""
        shown = list(metrics)
        lines = [
            f"{loss.network}, by {', '.join(map(method_name, loss.methods))}"
            for loss in self
            if any(loss.judges(metric) for metric in shown)
        ]
        if not lines:
            return ""
        named = "; ".join(lines)
        return f"{MARK}: this network was also minimised: {named}. So it is no independent judge of these methods."


def losses_of(params: Params) -> Losses:
    """The networks that the methods of a run minimise, from `networks` and `methods`."""
    networks, setup = params["networks"], setup_of(params)
    found = []
    for role, network in (
        ("perceptual", registry.load("networks", networks["perceptual"]).title),
        ("parser", networks["parser"]),
    ):
        methods = [name for name in params["methods"] if role in minimised(params["methods"], name)]
        if methods:
            found.append(Loss(network, methods, _unnamed(network, setup)))
    return Losses(found)


def _unnamed(network: str, setup: Setup) -> list[str]:
    """Names of the metrics that say in `backbone` that they measure with a network."""
    metrics: Iterable[Metric] = registry.entries("metrics").values()
    return [
        name
        for metric in metrics
        if not isinstance(metric, SetMetric) and metric.backbone(setup) == network
        for name in metric.names(setup)
    ]
