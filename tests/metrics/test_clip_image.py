"""CLIP-I: whole images and the squares around what is taken, by a stand-in whose features are the mean colour."""

import math

import numpy as np
import pytest
import torch

from stages.metrics import Case
from stages.metrics.clip_image import ENTRY, given_labels, square_around
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.judges import Judges

SIZE = 64
BACKGROUND, HAIR = CELEBAMASK_19["background"], CELEBAMASK_19["hair"]
HAIR_LABELS = frozenset(CELEBAMASK_19.indices("hair"))


class Parser:
    scheme, size = CELEBAMASK_19, SIZE


def judges(counts=None):
    def encode(pixels):
        if counts is not None:
            counts.append(pixels.shape)
        return pixels.reshape(-1, 3).mean(0) / 255

    return Judges({}, Parser(), [], {}, SIZE, torch.device("cpu"), clips={"stand-in": encode})


def scene(colour, rows: slice, columns: slice):
    image, labels = np.zeros((SIZE, SIZE, 3), np.uint8), np.full((SIZE // 2, SIZE // 2), BACKGROUND, np.uint8)
    image[rows, columns] = colour
    image[:4, :4] = (0, 0, 255)
    labels[rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2] = HAIR
    return image, labels


def measure(pair, composite, target, *sources, counts=None):
    bench = judges(counts)
    prepared = [bench.prepare(image) for image in (composite, *(image for image, _ in sources))]
    case = Case(pair, prepared[0], prepared[1:], [labels for _, labels in sources], target)
    function = ENTRY.prepare(bench)
    first = function(case)
    return dict(zip(ENTRY.names(bench.setup), first, strict=True)), lambda: function(case)


def test_an_equal_image_has_a_cosine_of_1_and_another_colour_less():
    square = slice(20, 40), slice(20, 40)
    identity, donor, green = scene((0, 0, 0), *square), scene((255, 0, 0), *square), scene((0, 255, 0), *square)
    pair = Pair("p", "a", {"hair": "b"})
    values, _ = measure(pair, donor[0], donor[1], identity, donor)
    assert [value.value for value in values.values()] == pytest.approx([1, 1])
    values, _ = measure(pair, green[0], green[1], identity, donor)
    blue = 16 * 255 / SIZE**2
    red = 400 * 255 / SIZE**2
    assert values["CLIP-I stand-in"].value == pytest.approx(blue**2 / (blue**2 + red**2))
    assert values["taken CLIP-I stand-in"].value == pytest.approx(0, abs=1e-9), "the corner is outside of the square"


def test_the_square_follows_what_is_taken():
    identity = scene((0, 0, 0), slice(0, 2), slice(0, 2))
    donor = scene((255, 0, 0), slice(20, 40), slice(20, 40))
    moved = scene((255, 0, 0), slice(40, 60), slice(6, 26))
    values, _ = measure(Pair("p", "a", {"hair": "b"}), moved[0], moved[1], identity, donor)
    assert values["taken CLIP-I stand-in"].value == pytest.approx(1)


def test_the_square_stays_in_the_image_and_is_as_long_as_the_longer_side():
    pixels = np.arange(64 * 64 * 3, dtype=np.uint32).reshape(64, 64, 3)
    mask = np.zeros((32, 32), bool)
    mask[0:4, 2:12] = True
    square = square_around(pixels, mask)
    assert square.shape == (20, 20, 3) and square[0, 0, 0] == pixels[0, 4, 0]
    assert square_around(pixels, np.ones((32, 32), bool)).shape == (64, 64, 3)


def test_shape_and_look_of_two_images_count_both():
    assert given_labels(Pair("p", "a", {"hair": "b"}, {"hair": "c"}), CELEBAMASK_19).keys() == {1, 2}
    assert given_labels(Pair("p", "a", {"hair": "b"}, {"hair": "a"}), CELEBAMASK_19) == {1: HAIR_LABELS}
    assert given_labels(Pair("p", "a", {}, {"hair": "b"}), CELEBAMASK_19).keys() == {1}


def test_without_hair_it_is_noted_and_sources_are_encoded_once():
    bald = scene((0, 0, 0), slice(0, 0), slice(0, 0))
    donor = scene((255, 0, 0), slice(20, 40), slice(20, 40))
    pair, counts = Pair("p", "a", {"hair": "b"}), []
    values, _ = measure(pair, bald[0], bald[1], bald, donor)
    assert all(math.isnan(value.value) and value.note for value in values.values())
    _, again = measure(pair, donor[0], donor[1], bald, donor, counts=counts)
    again()
    assert len(counts) == 2 * 2 + 2


def test_is_wanted_only_with_a_clip():
    assert ENTRY.wanted(judges().setup) and not ENTRY.wanted(judges()._replace(clips={}).setup)
