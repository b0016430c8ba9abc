"""How near a region comes to the colour of the image whose look it gets: CIEDE2000 of the mean colours."""

import math

from stages.metrics import CaseMetric
from stages.scoring.colours import colour_difference
from stages.scoring.looks import any_look, over_looks

ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="Sharma, Wu and Dalal 2005, through scikit-image",
    names=lambda setup: [f"look CIEDE2000@{setup.size}"],
    prepare=lambda judges: over_looks(
        judges, lambda a, on_a, b, on_b: [colour_difference(a.small, on_a, b.small, on_b)]
    ),
    applies=any_look,
)
