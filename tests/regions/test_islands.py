"""Islands in filled label maps: what counts as one, and where it goes."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import drawn_maps

from stages import registry
from stages.regions.islands import parts_of, small, without_islands
from stages.regions.labels import CELEBAMASK_19
from stages.regions.target_map import compose

BACKGROUND, SKIN, NECK, HAIR = (CELEBAMASK_19[name] for name in ("background", "skin", "neck", "hair"))
MAY = (BACKGROUND, NECK, SKIN)
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
LEAST = 9 / 400  # nine pixels of 20 × 20

maps = hnp.arrays(np.uint8, (20, 20), elements=st.sampled_from([BACKGROUND, SKIN, NECK, HAIR]))
holes = hnp.arrays(bool, (20, 20))


def test_a_checkered_patch_becomes_one_label():
    labels = np.full((20, 20), BACKGROUND, np.uint8)
    labels[:, 10:] = NECK
    y, x = np.mgrid[5:15, 5:15]
    labels[5:15, 5:15] = np.where((y + x) % 2, BACKGROUND, NECK)
    hole = np.zeros((20, 20), bool)
    hole[5:15, 5:15] = True
    out = without_islands(labels, hole, MAY, LEAST)
    assert not small(out, LEAST).any()
    assert (out[~hole] == labels[~hole]).all()
    assert (out[5:15, 5] == BACKGROUND).all() and (out[5:15, 14] == NECK).all(), "each side goes to what lies beside it"


def test_a_strip_that_goes_on_beyond_its_hole_is_no_island():
    labels = np.full((20, 20), BACKGROUND, np.uint8)
    labels[:, 9] = NECK
    hole = np.zeros((20, 20), bool)
    hole[8:12] = True
    assert (without_islands(labels, hole, MAY, LEAST) == labels).all()


def test_a_gap_in_new_hair_becomes_what_most_of_it_is():
    labels = np.full((20, 20), HAIR, np.uint8)
    labels[4:6, 4:7] = [[SKIN, BACKGROUND, SKIN], [SKIN, SKIN, BACKGROUND]]
    out = without_islands(labels, labels != HAIR, MAY, LEAST)
    assert (out[4:6, 4:7] == SKIN).all() and (out == HAIR).sum() == 394


@given(maps, holes)
def test_only_gaps_are_left_small(labels, hole):
    hole &= labels != HAIR
    out = without_islands(labels, hole, MAY, LEAST)
    assert (out[~hole] == labels[~hole]).all()
    assert set(out[hole].tolist()) <= set(MAY)
    left = small(out, LEAST) & hole
    beside = cv2.dilate((np.isin(out, MAY) & ~small(out, LEAST)).astype(np.uint8), CROSS)
    assert not (left & (beside > 0)).any(), "what is left small touches nothing that it could join"


@given(maps)
def test_parts_are_those_that_share_edges(labels):
    parts = parts_of(labels)
    for axis in (0, 1):
        same = np.diff(labels.astype(int), axis=axis) == 0
        assert (same == (np.diff(parts, axis=axis) == 0)).all()
    assert len(np.unique(parts)) == sum(
        cv2.connectedComponents((labels == label).astype(np.uint8), connectivity=4)[0] - 1
        for label in np.unique(labels)
    )


@pytest.mark.parametrize("fill", ["telea", "navier_stokes", "nearest", "centre"])
def test_no_fill_leaves_islands_that_could_join_something(fill):
    """On the parser's maps: what a fill leaves below a thousandth of the map is a gap in new hair, of one label."""
    scheme, found = CELEBAMASK_19, drawn_maps()
    hair = frozenset(scheme.indices("hair"))
    taken = [frozenset(range(len(scheme))) - hair, hair]
    identity, reference = found["drawn-0008"], found["drawn-0012"]
    target = compose([identity, reference], taken, scheme, registry.load("fills", fill).fill, 0.001)
    left = small(target.labels, 0.001) & target.holes
    count, gaps = cv2.connectedComponents(left.astype(np.uint8), connectivity=4)
    for gap in range(1, count):
        assert len(np.unique(target.labels[gaps == gap])) == 1
        ring = (cv2.dilate((gaps == gap).astype(np.uint8), CROSS) > 0) & (gaps != gap)
        assert not (ring & target.holes & ~left).any()
