"""The choice of what the examples show."""

from typing import get_args

import numpy as np
import pytest

from stages.params.outputs import Kind
from stages.regions.example_kinds import KINDS, choose
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19
from stages.settings.pairs_csv import COLUMNS


def face(*without: str) -> np.ndarray:
    """A map that shows every label in a row of its own, but those named."""
    labels = np.arange(len(CELEBAMASK_19), dtype=np.uint8).repeat(4)[:, None].repeat(64, 1)
    for label in without:
        labels[labels == CELEBAMASK_19[label]] = CELEBAMASK_19["skin"]
    return labels


MAPS = {name: face("hat") for name in "abcdef"}


def test_params_and_lists_of_pairs_know_every_kind_and_column():
    assert get_args(Kind) == tuple(KINDS)
    assert {column for columns in KINDS.values() for column in columns} <= set(COLUMNS)
    regions = set(CELEBAMASK_19.regions)
    assert set(CELEBAMASK_16.regions) == regions


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_pair_of_different_images(kind):
    pair = choose(kind, MAPS, CELEBAMASK_19, 0)
    assert pair.pair == kind and set(pair.columns) == set(KINDS[kind])
    assert len(pair.images) == 1 + max(KINDS[kind].values())
    assert pair == choose(kind, dict(reversed(MAPS.items())), CELEBAMASK_19, 0)


def test_the_seed_decides():
    assert len({choose("face", MAPS, CELEBAMASK_19, seed).images for seed in range(20)}) > 5


@pytest.mark.parametrize("seed", range(5))
def test_images_that_do_not_show_it_are_passed_over(seed):
    """One bald, one with a hat, one without brows: the other three are left for hair, and for brows five."""
    maps = MAPS | {"a": face("hat", "hair"), "b": face(), "c": face("hat", "left_brow", "right_brow")}
    assert set(choose("shape_and_colour", maps, CELEBAMASK_19, seed).images) <= set("cdef")
    assert "c" not in choose("brows", maps, CELEBAMASK_19, seed).images


def test_too_few_images_are_refused(refused):
    refused("no 4 of the 3 images show what many takes", choose, "many", {n: MAPS[n] for n in "abc"}, CELEBAMASK_19, 0,
            error=ValueError)  # fmt: skip
