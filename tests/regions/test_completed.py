"""Figures of completed label maps: by hand on small ones."""

import math

import numpy as np
import pytest

from stages.regions.completed import island_share, judged, mean_iou, neck_over_face, overlaps
from stages.regions.hiding import Hidden
from stages.regions.labels import CELEBAMASK_19

SCHEME = CELEBAMASK_19
BACKGROUND, SKIN, NOSE, NECK, CLOTHES, HAIR = (
    SCHEME[name] for name in ("background", "skin", "nose", "neck", "clothes", "hair")
)


def portrait(neck: int) -> np.ndarray:
    """A face ten pixels wide with a nose, above a neck of so many, in a map of 20 × 20."""
    labels = np.zeros((20, 20), np.uint8)
    labels[4:12, 5:15] = SKIN
    labels[8, 10] = NOSE
    labels[10:, 10 - neck // 2 : 10 - neck // 2 + neck] = NECK
    labels[4:12, 5:15][labels[4:12, 5:15] == NECK] = SKIN
    return labels


def test_the_neck_is_the_median_of_its_rows_over_the_widest_of_the_face():
    assert neck_over_face(portrait(6), SCHEME) == 0.6
    wide = portrait(6)
    wide[18:] = NECK  # shoulders that are bare
    assert neck_over_face(wide, SCHEME) == 0.6
    wide[0, :] = SKIN  # a scrap elsewhere
    wide[19, :3] = SKIN
    assert neck_over_face(wide, SCHEME) == 0.6
    assert math.isnan(neck_over_face(np.zeros((4, 4), np.uint8), SCHEME))
    assert math.isnan(neck_over_face(portrait(0), SCHEME))


def test_overlaps_add_up_to_the_mean_over_all_maps():
    truth, filled = np.array([[SKIN, SKIN, NECK, BACKGROUND]], np.uint8), np.array([[SKIN, NECK, NECK, SKIN]], np.uint8)
    holes = np.array([[True, True, True, False]])
    sums = overlaps(filled, truth, holes, SCHEME)
    assert sums[SKIN].tolist() == [1, 2] and sums[NECK].tolist() == [1, 2] and sums[BACKGROUND].tolist() == [0, 0]
    assert mean_iou(sums, SCHEME) == 0.5
    assert mean_iou(sums + overlaps(truth, truth, holes, SCHEME), SCHEME) == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert math.isnan(mean_iou(np.zeros_like(sums), SCHEME))


def test_a_fill_is_judged_where_the_truth_is_known():
    truth = portrait(6)
    truth[:3] = HAIR
    holes = np.zeros((20, 20), bool)
    holes[14:] = True
    holes[:2] = True  # under the face's own hair: nobody knows
    hidden = Hidden(np.where(holes, HAIR, truth).astype(np.uint8), holes, truth)
    right, wrong = np.where(truth == HAIR, BACKGROUND, truth), truth.copy()
    wrong[14:] = NECK
    wrong[17, 3] = CLOTHES
    figures = judged([hidden], [right], SCHEME, 0.01)
    assert figures[:2] == (1.0, 1.0) and figures.neck == 0.6 and figures.neck_off == 0 and figures.islands == 0
    figures = judged([hidden], [wrong], SCHEME, 0.01)
    assert figures.right == pytest.approx(36 / 120) and figures.neck == 2.0 and figures.neck_off == pytest.approx(1.4)
    assert figures.wide_necks == 1 and figures.islands == pytest.approx(1 / 160)
    assert island_share(wrong, np.zeros_like(holes), 0.01) == 0
