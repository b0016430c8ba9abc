"""What counts as a face."""

import numpy as np
import pytest

from stages.parse import why_no_face
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19


def label_map(scheme, **shares):
    """A map of 100×100 px in which each label covers so many of 10,000 pixels, the rest is background."""
    flat = np.full(10_000, scheme["background"], np.uint8)
    start = 0
    for label, count in shares.items():
        flat[start : start + count] = scheme[label]
        start += count
    return flat.reshape(100, 100)


@pytest.mark.parametrize("scheme", [CELEBAMASK_19, CELEBAMASK_16], ids=lambda scheme: scheme.name)
def test_a_face_has_skin_a_nose_and_a_mouth(scheme):
    def why(**shares):
        return why_no_face(label_map(scheme, **shares), scheme, 0.05)

    assert why(skin=2500, nose=200, upper_lip=40, lower_lip=60) is None
    assert why(skin=2500, nose=200, glasses=300, mouth=90) is None
    assert why(skin=400, nose=20, mouth=20) == "it covers 4.4% of the image and maps.min_face is 5.0%"
    assert why(skin=5378, glasses=1199, hair=2904) == "there is no nose and no mouth"
    assert why(skin=2500, nose=200) == "there is no mouth"
    assert why(skin=2500, nose=9, mouth=90) == "there is no nose"


def test_zero_takes_everything():
    assert why_no_face(np.zeros((4, 4), np.uint8), CELEBAMASK_19, 0) is None
