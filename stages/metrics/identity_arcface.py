"""Likeness of the composite's identity to that of the image which gives its face: the cosine by ArcFace."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.metrics import Case, CaseMetric, Measured
from stages.scoring.main_face import against_giver

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

NETWORK = "dlib_landmarks"


def prepare(judges: "Judges") -> Callable[[Case], list[Measured]]:
    from stages.metrics.landmarks import finder
    from stages.nets.dlib_faces import load_landmarks

    find, identify = finder(load_landmarks(judges.weights[NETWORK])), judges.arcface
    assert identify is not None, "the metric is not wanted without its file"

    def of(pixels: np.ndarray) -> np.ndarray | None:
        landmarks = find(pixels)
        return None if landmarks is None else identify(pixels, landmarks)

    return against_giver(judges, of, lambda found, own: float(found @ own))


ENTRY = CaseMetric(
    direction="higher",
    range=(-1, 1),
    source="Deng, Guo, Xue and Zafeiriou 2019; InsightFace's w600k_r50, on five points of dlib's landmarks",
    names=lambda _: ["identity cosine ArcFace-w600k_r50@112"],
    prepare=prepare,
    networks=(NETWORK,),
    wanted=lambda setup: setup.arcface,
)
