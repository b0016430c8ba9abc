"""Distance of the composite's identity from that of the image which gives its face; below 0.6 it is one person."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.transfer_masks import giver_of

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

NETWORKS = ("dlib_landmarks", "dlib_identity")


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    from stages.nets.dlib_faces import identifier

    identify = identifier(*(judges.weights[network] for network in NETWORKS))
    known: dict[str, np.ndarray | None] = {}  # of the images, each of which is in many pairs

    def measure(case: Case) -> list[Measured]:
        giver = giver_of(case.pair, judges.parser.scheme, "face")
        person = case.pair.references[giver]
        if person not in known:
            known[person] = identify(case.sources[giver].pixels)
        own, found = known[person], identify(case.composite.pixels)
        if own is None or found is None:
            missing = person if own is None else "the composite"
            return [Measured(math.nan, f"dlib finds no face in {missing}")]
        return [Measured(float(np.linalg.norm(found - own)))]

    return measure


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="dlib's ResNet of 29 layers (King 2017); 99.38 % right on LFW at a threshold of 0.6",
    names=lambda _: ["identity distance dlib-ResNet-v1@150"],
    prepare=prepare,
    networks=NETWORKS,
    wanted=lambda setup: setup.identity,
)
