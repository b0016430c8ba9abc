"""How near a look is: measured on masks of different shape."""

import math

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab

from stages.metrics import Case
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.colours import colour_difference
from stages.scoring.judges import Judges

SIZE = 64
BACKGROUND, HAIR = CELEBAMASK_19["background"], CELEBAMASK_19["hair"]


class Parser:
    scheme, size = CELEBAMASK_19, SIZE


class Colours:
    """A perceptual network whose only feature is the image itself."""

    name = "colours"

    def features(self, image, blocks=None):
        return [image]


JUDGES = Judges({"colours": Colours()}, Parser(), [], {}, SIZE, torch.device("cpu"))
NAMES = {f"look CIEDE2000@{SIZE}", f"look Gram colours@{SIZE}"}


def scene(colour, columns: slice, around=(0, 0, 0)) -> tuple[np.ndarray, np.ndarray]:
    """An image, uint8, and its label map: hair of one colour in some columns."""
    image = np.full((2 * SIZE, 2 * SIZE, 3), around, np.uint8)
    labels = np.full((SIZE, SIZE), BACKGROUND, np.uint8)
    image[:, 2 * columns.start : 2 * columns.stop] = colour
    labels[:, columns] = HAIR
    return image, labels


def looks_of(pair: Pair, composite, *sources) -> dict[str, float]:
    images, maps = zip(*sources, strict=True)
    case = Case(pair, JUDGES.prepare(composite[0]), [JUDGES.prepare(i) for i in images], maps, composite[1])
    # Some other pair gets a look, or there would be no rows.
    values = Bench(JUDGES, [pair, Pair("q", "a", {}, {"hair": "b"})]).of_case(case)
    return {name: measured.value for name, measured, _ in values}


def test_the_colour_is_that_of_the_region_wherever_it_lies():
    composite = scene((120, 80, 40), slice(0, 20))
    giver = scene((120, 80, 40), slice(30, 64), around=(200, 200, 255))
    for pair, sources in (
        (Pair("p", "a", {}, {"hair": "b"}), [composite, giver]),
        (Pair("p", "a", {"hair": "b"}, {"hair": "c"}), [composite, composite, giver]),
    ):
        values = looks_of(pair, composite, *sources)
        assert set(values) == NAMES
        assert max(values.values()) == pytest.approx(0, abs=1e-6)


def test_another_colour_is_as_far_as_scikit_image_says():
    brown, blond = (90, 60, 30), (220, 190, 120)
    composite, giver = scene(brown, slice(0, 20)), scene(blond, slice(10, 50))
    values = looks_of(Pair("p", "a", {}, {"hair": "b"}), composite, composite, giver)
    lab = [rgb2lab(np.array(c, float) / 255) for c in (brown, blond)]
    colour, gram = (values[name] for name in sorted(NAMES))
    assert colour == pytest.approx(deltaE_ciede2000(*lab), abs=1e-6)
    assert gram > 0.1


def test_colours_are_averaged_under_the_weights():
    image = np.zeros((1, 2, 3))
    image[0, 1] = 1
    grey = np.full((1, 1, 3), 0.5)
    lightness = deltaE_ciede2000(np.array([25.0, 0, 0]), rgb2lab(grey)[0, 0])
    weights = np.array([[3.0, 1.0]])
    assert colour_difference(image, weights, grey, np.ones((1, 1))) == pytest.approx(float(lightness), abs=0.01)


def test_a_pair_without_a_look_has_no_value():
    composite = scene((0, 0, 0), slice(0, 20))
    assert all(map(math.isnan, looks_of(Pair("p", "a", {"hair": "b"}), composite, composite, composite).values()))
