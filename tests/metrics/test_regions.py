"""Agreement of label maps, and where composites are compared."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.metrics.iou import iou
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.transfer_masks import outside_taken, transfer_masks

maps = arrays(np.uint8, (5, 4), elements=st.integers(0, 4))
label_sets = st.sets(st.integers(0, 6))


@given(a=maps, b=maps, labels=label_sets)
def test_agrees_with_sets_of_pixels(a: np.ndarray, b: np.ndarray, labels: set[int]) -> None:
    in_a, in_b = ({pixel for pixel in np.ndindex(a.shape) if labelled[pixel] in labels} for labelled in (a, b))
    result = iou(a, b, labels)
    if in_a | in_b:
        assert result == len(in_a & in_b) / len(in_a | in_b)
    else:
        assert math.isnan(result)


@given(a=maps, b=maps, labels=label_sets)
def test_symmetry(a: np.ndarray, b: np.ndarray, labels: set[int]) -> None:
    assert iou(a, b, labels) == pytest.approx(iou(b, a, labels), abs=0, nan_ok=True)


@given(a=maps)
def test_identity(a: np.ndarray) -> None:
    assert iou(a, a, a.flatten().tolist()) == 1


def test_swapped_labels_of_one_region_agree() -> None:
    a = np.array([[1, 1], [2, 0]], np.uint8)
    b = np.array([[2, 2], [1, 0]], np.uint8)
    assert iou(a, b, [1, 2]) == 1
    assert iou(a, b, [1]) == 0


@pytest.mark.parametrize("labels", [[1, 2], (1, 2), {1, 2}, frozenset({1, 2}), np.array([1, 2]), range(1, 3)])
def test_labels_may_come_in_any_collection(labels) -> None:
    a, b = np.array([[1, 2, 0]], np.uint8), np.array([[1, 0, 0]], np.uint8)
    assert iou(a, b, labels) == 0.5


def test_region_in_one_map_only_is_0_and_in_none_is_nan() -> None:
    hair, bald = np.full((2, 2), 3, np.uint8), np.zeros((2, 2), np.uint8)
    assert iou(hair, bald, [3]) == 0
    assert math.isnan(iou(bald, bald, [3]))
    assert math.isnan(iou(hair, hair, []))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((4, 5), np.uint8), "one shape"),
        (np.zeros((5, 4, 1), np.uint8), "one shape"),
        (np.zeros((5, 4)), "uint8"),
        (np.zeros((5, 4), bool), "uint8"),
    ],
)
def test_wrong_maps_are_refused(wrong: np.ndarray, message: str) -> None:
    right = np.zeros((5, 4), np.uint8)
    with pytest.raises(ValueError, match=message):
        iou(right, wrong, [1])
    with pytest.raises(ValueError, match=message):
        iou(wrong, right, [1])


def test_images_are_no_label_maps() -> None:
    image = np.zeros((5, 4, 3), np.uint8)
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        iou(image, image, [1])


BACKGROUND, SKIN, EYE, HAIR = (CELEBAMASK_19[name] for name in ("background", "skin", "left_eye", "hair"))


def row(*labels):
    return np.array([labels], np.uint8)


def masks_of(pair, *maps, target):
    return transfer_masks(pair, list(maps), target, CELEBAMASK_19)


def test_masks_of_a_hair_transfer():
    # From the left: hair in all, old hair only, new hair only, hair that the target has but not its image, skin,
    # background.
    identity = row(HAIR, HAIR, SKIN, HAIR, SKIN, BACKGROUND)
    hair = row(HAIR, SKIN, HAIR, SKIN, SKIN, BACKGROUND)
    target = row(HAIR, SKIN, HAIR, HAIR, SKIN, BACKGROUND)
    masks = masks_of(Pair("p", "a", {"hair": "b"}), identity, hair, target=target)
    assert masks.kept.tolist() == [[False, False, False, False, True, True]]
    assert [mask.tolist() for mask in masks.taken] == [[[True, False, True, False, False, False]]]


def test_each_reference_has_its_mask():
    identity, face, hair = row(HAIR, SKIN, EYE, BACKGROUND), row(SKIN, SKIN, SKIN, HAIR), row(HAIR, HAIR, SKIN, SKIN)
    target = row(HAIR, SKIN, EYE, BACKGROUND)
    masks = masks_of(Pair("p", "a", {"face": "b", "hair": "c"}), identity, face, hair, target=target)
    assert masks.kept.tolist() == [[False, False, False, True]]
    # An eye and skin are both of the face: inside it a pixel may change its label.
    assert [mask.tolist() for mask in masks.taken] == [[[False, True, True, False]], [[True, False, False, False]]]


def test_what_gets_another_look_is_neither_kept_nor_taken():
    maps = row(HAIR, HAIR, SKIN, SKIN), row(HAIR, SKIN, HAIR, SKIN)
    target = row(HAIR, SKIN, HAIR, SKIN)
    masks = masks_of(Pair("p", "a", {"hair": "b"}, {"hair": "c"}), *maps, target=target)
    assert masks.kept.tolist() == [[False, False, False, True]]
    assert not any(mask.any() for mask in masks.taken)
    colour = masks_of(Pair("p", "a", {}, {"hair": "c"}), maps[0], target=maps[0])
    assert colour.kept.tolist() == [[False, False, True, True]] and colour.taken == []


def test_outside_is_the_intersection_of_both_non_hair_regions():
    identity = row(HAIR, HAIR, SKIN, SKIN, BACKGROUND)
    composite = row(HAIR, SKIN, HAIR, SKIN, EYE)
    expected = [[False, False, False, True, True]]
    for pair in (Pair("p", "a", {"hair": "b"}), Pair("p", "a", {}, {"hair": "b"})):
        assert outside_taken(pair, identity, composite, CELEBAMASK_19).tolist() == expected


def test_masks_never_overlap():
    random = np.random.default_rng(0)
    *maps, target = random.integers(0, len(CELEBAMASK_19), (4, 32, 32), dtype=np.uint8)
    masks = masks_of(Pair("p", "a", {"hair": "b", "eyes": "c", "nose": "b"}), *maps[:3], target=target)
    assert np.sum([masks.kept, *masks.taken], axis=0).max() == 1
