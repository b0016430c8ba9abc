"""Where composites are compared, and that nothing outside a mask counts."""

import math

import numpy as np
import pytest
import torch

from stages.metrics.regions import transfer_masks
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.score import Judges, measure

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
    assert masks["kept"].tolist() == [[False, False, False, False, True, True]]
    assert [mask.tolist() for mask in masks["taken"]] == [[[True, False, True, False, False, False]]]


def test_each_reference_has_its_mask():
    identity, face, hair = row(HAIR, SKIN, EYE, BACKGROUND), row(SKIN, SKIN, SKIN, HAIR), row(HAIR, HAIR, SKIN, SKIN)
    target = row(HAIR, SKIN, EYE, BACKGROUND)
    masks = masks_of(Pair("p", "a", {"face": "b", "hair": "c"}), identity, face, hair, target=target)
    assert masks["kept"].tolist() == [[False, False, False, True]]
    # An eye and skin are both of the face: inside it a pixel may change its label.
    assert [mask.tolist() for mask in masks["taken"]] == [[[False, True, True, False]], [[True, False, False, False]]]


def test_what_gets_another_look_is_neither_kept_nor_taken():
    maps = row(HAIR, HAIR, SKIN, SKIN), row(HAIR, SKIN, HAIR, SKIN)
    target = row(HAIR, SKIN, HAIR, SKIN)
    masks = masks_of(Pair("p", "a", {"hair": "b"}, {"hair": "c"}), *maps, target=target)
    assert masks["kept"].tolist() == [[False, False, False, True]]
    assert not any(mask.any() for mask in masks["taken"])
    colour = masks_of(Pair("p", "a", {}, {"hair": "c"}), maps[0], target=maps[0])
    assert colour["kept"].tolist() == [[False, False, True, True]] and colour["taken"] == []


def test_masks_never_overlap():
    random = np.random.default_rng(0)
    *maps, target = random.integers(0, len(CELEBAMASK_19), (4, 32, 32), dtype=np.uint8)
    masks = masks_of(Pair("p", "a", {"hair": "b", "eyes": "c", "nose": "b"}), *maps[:3], target=target)
    assert np.sum([masks["kept"], *masks["taken"]], axis=0).max() == 1


class MeanSquare:
    """A perceptual network whose only feature is the image itself."""

    name = "mean square"

    def features(self, image, blocks=None):
        return [image]

    def distance(self, a, b, mask=None):
        mask = torch.ones_like(a[0][:, :1]) if mask is None else mask
        return ((a[0] - b[0]).square() * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)) / 3


JUDGES = Judges({"net": MeanSquare()}, None, {}, 32, torch.device("cpu"))
BLACK = np.zeros((64, 64, 3), np.uint8)
HALF = BLACK.copy()
HALF[:, :32] = 255  # differs at the left only


def half_mask(size, left):
    mask = np.zeros((size, size), bool)
    mask[:, : size // 2] = left
    mask[:, size // 2 :] = not left
    return mask


def test_measurements_without_a_mask():
    values = measure(JUDGES, BLACK, HALF)
    assert set(values) == {"RMSE@32", "PSNR@32", "SSIM@32", "net@32"}
    assert values["RMSE@32"] == pytest.approx(math.sqrt(0.5))
    assert values["PSNR@32"] == pytest.approx(10 * math.log10(2))
    assert values["net@32"] == pytest.approx(2)  # networks see [-1, 1]


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize(("left", "error"), [(True, 1), (False, 0)])
def test_only_what_is_under_the_mask_counts(size, left, error):
    values = measure(JUDGES, BLACK, HALF, half_mask(size, left))
    assert values["RMSE@32"] == pytest.approx(error)
    assert values["PSNR@32"] == (pytest.approx(0) if error else math.inf)
    assert values["net@32"] == pytest.approx(4 * error)


def test_pixels_partly_under_the_mask_count_partly():
    mask = half_mask(64, True)
    mask[:, 31] = False  # half of the last column at 32 px
    mask[:, 32:34] = True
    values = measure(JUDGES, BLACK, HALF, mask)
    assert values["RMSE@32"] == pytest.approx(math.sqrt(15.5 / 16.5))
    assert values["net@32"] == pytest.approx(4 * 15.5 / 16.5)


def test_full_mask_is_no_mask_and_an_empty_one_gives_nothing():
    full = measure(JUDGES, BLACK, HALF, np.ones((64, 64), bool))
    assert full == pytest.approx(measure(JUDGES, BLACK, HALF), abs=0.1)  # SSIM differs at the border
    assert full["RMSE@32"] == pytest.approx(math.sqrt(0.5))
    assert measure(JUDGES, BLACK, HALF, np.zeros((64, 64), bool)) == {}
