"""Distance of the composite's identity from that of the image which gives its face; below 0.6 it is one person."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.main_face import against_giver

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

NETWORKS = ("dlib_landmarks", "dlib_identity")


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    from stages.nets.dlib_faces import identifier

    identify = identifier(*(judges.weights[network] for network in NETWORKS))
    return against_giver(judges, identify, lambda found, own: float(np.linalg.norm(found - own)))


ENTRY = CaseMetric(
    direction="lower",
    range=(0, math.inf),
    source="dlib's ResNet of 29 layers (King 2017); 99.38 % right on LFW at a threshold of 0.6",
    names=lambda _: ["identity distance dlib-ResNet-v1@150"],
    prepare=prepare,
    networks=NETWORKS,
    wanted=lambda setup: setup.identity,
)
