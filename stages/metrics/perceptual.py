"""LPIPS and its like: the distance of two images by each judge, a perceptual network."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stages.metrics import ImageMetric
from stages.scoring.prepared import Comparison

if TYPE_CHECKING:
    from stages.scoring.judges import Judges


def prepare(judges: "Judges") -> Callable[[Comparison], list[float]]:
    def measure(pair: Comparison) -> list[float]:
        return [
            float(net.distance(pair.a.features[name], pair.b.features[name], pair.tensor_mask).item())
            for name, net in judges.perceptuals.items()
        ]

    return measure


ENTRY = ImageMetric(
    direction="lower",
    range=(0, float("inf")),
    views=("whole", "self-transfer", "kept", "taken", "region"),
    source="LPIPS: Zhang et al. 2018; ST-LPIPS: Ghildyal and Liu 2022",
    names=lambda setup: [f"{judge}@{setup.size}" for judge in setup.judges],
    prepare=prepare,
)
