"""What of the hair a pair takes."""

import numpy as np
import pytest

from stages.regions.donors import taking
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair

NAMES = list("abcdef")
PAIRS = [Pair(f"{k}-{j}", k, {"hair": j}) for k in NAMES for j in NAMES if k != j]
HAIR = CELEBAMASK_19["hair"]


@pytest.mark.parametrize(
    ("take", "shape", "look"), [("both", True, False), ("colour", False, True), ("shape", True, True)]
)
def test_shape_and_colour_come_from_where_the_word_says(take, shape, look):
    for pair, changed in zip(PAIRS, taking(PAIRS, take, NAMES, 0), strict=True):
        hair = pair.regions["hair"]
        assert (changed.pair, changed.identity) == (pair.pair, pair.identity)
        assert changed.shapes(CELEBAMASK_19)[HAIR] == (hair if shape else pair.identity)
        painted = {changed.images[k] for k in changed.painted(CELEBAMASK_19)}
        assert painted == ({hair if take == "colour" else pair.identity} if look else set())


def test_full_has_three_images_and_depends_on_the_seed_alone():
    full = taking(PAIRS, "full", NAMES, 0)
    assert all(len(set(pair.images)) == 3 and list(pair.appearance) == ["hair"] for pair in full)
    assert full == taking(PAIRS, "full", NAMES, 0) != taking(PAIRS, "full", NAMES, 1)
    counts = np.unique([pair.appearance["hair"] for pair in full], return_counts=True)[1]
    assert len(counts) == len(NAMES), "all give a colour somewhere"


def test_few_pairs_find_a_third_image_among_all_that_may_give_hair():
    swapped = [Pair("p", "a", {"hair": "b"}), Pair("q", "b", {"hair": "a"})]
    assert [pair.appearance for pair in taking(swapped, "full", ["a", "b", "c"], 0)] == [{"hair": "c"}] * 2


def test_two_images_have_no_third():
    with pytest.raises(ValueError, match="p has no third image"):
        taking([Pair("p", "a", {"hair": "b"})], "full", ["a", "b"], 0)
