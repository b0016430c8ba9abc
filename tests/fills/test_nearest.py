"""The nearest fill beyond what tests/regions/test_target.py asks of every fill."""

import numpy as np

from stages.fills.nearest import fill_from_nearest
from stages.regions.labels import CELEBAMASK_19

BACKGROUND, SKIN, NOSE, HAIR = (CELEBAMASK_19[name] for name in ("background", "skin", "nose", "hair"))


def filled(row, holes):
    labels, unknown = np.array([row], np.uint8), np.array([holes], bool)
    return fill_from_nearest(labels, unknown, CELEBAMASK_19)[0].tolist()


def test_each_hole_takes_the_nearest_label_that_counts():
    row = [SKIN, 0, 0, 0, BACKGROUND]
    assert filled(row, [0, 1, 0, 1, 0])[1] == SKIN
    assert filled([SKIN, SKIN, 0, 0, 0, BACKGROUND], [0, 0, 1, 1, 1, 0])[2:5] == [SKIN, SKIN, BACKGROUND]


def test_hair_and_the_parts_of_the_face_are_passed_over():
    assert filled([SKIN, HAIR, NOSE, 0], [0, 0, 0, 1])[3] == SKIN


def test_without_a_label_that_counts_it_is_background():
    assert filled([HAIR, 0], [0, 1])[1] == BACKGROUND


def test_it_agrees_with_a_search_by_hand():
    rng = np.random.default_rng(0)
    labels = rng.choice([BACKGROUND, SKIN, HAIR], (12, 15)).astype(np.uint8)
    holes = rng.random((12, 15)) < 0.4
    found = fill_from_nearest(labels, holes, CELEBAMASK_19)
    known = np.argwhere(~holes & (labels != HAIR))
    for point in np.argwhere(holes):
        distances = ((known - point) ** 2).sum(1)
        nearest = known[distances == distances.min()]
        assert found[tuple(point)] in {labels[tuple(each)] for each in nearest}
