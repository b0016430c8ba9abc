"""How near what is taken comes to its colour in the image that gives it: the mean colours, and all of them."""

import math

from stages.metrics import CaseMetric
from stages.scoring.colours import colour_difference, histogram_distance
from stages.scoring.looks import any_taken, over_taken

ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="Sharma, Wu and Dalal 2005, through scikit-image; Rubner, Tomasi and Guibas 2000, through SciPy",
    names=lambda setup: [f"taken CIEDE2000@{setup.size}", f"taken Lab EMD@{setup.size}"],
    prepare=lambda judges: over_taken(
        judges,
        lambda a, on_a, b, on_b: [
            distance(a.small, on_a, b.small, on_b) for distance in (colour_difference, histogram_distance)
        ],
        count=2,
    ),
    applies=any_taken,
)
