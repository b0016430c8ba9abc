"""Metrics that follow what is taken: colour, texture, sharpness of the border, seam; drawn hair on a drawn ground."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, lab2rgb

from stages import registry
from stages.metrics import Case, Measured
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.borders import seam, sharpness
from stages.scoring.colours import histogram_distance
from stages.scoring.judges import Judges

SIZE = 128
BACKGROUND, SKIN, HAIR, HAT = (CELEBAMASK_19[name] for name in ("background", "skin", "hair", "hat"))
TAKES_HAIR = Pair("p", "a", {"hair": "b"})
TAKEN = ("taken_colour", "taken_seam", "taken_sharpness", "taken_texture")


class Parser:
    scheme, size = CELEBAMASK_19, SIZE


class Plain:
    """A perceptual network whose features are the image and its squares; its distance is the mean squared error."""

    name = "plain"

    def features(self, image, blocks=None):
        return [image, image**2]

    def distance(self, a, b, mask=None):
        errors = (a[0] - b[0]).square().mean(1, keepdim=True)
        return errors.mean((1, 2, 3)) if mask is None else (errors * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))


JUDGES = Judges({"plain": Plain()}, Parser(), [], {}, SIZE, torch.device("cpu"))


def disc(row: int, column: int, radius: int = 30) -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return (y - row) ** 2 + (x - column) ** 2 <= radius**2


def strands(lab: tuple[float, float, float], seed: int = 0) -> np.ndarray:
    """Noise in lightness about a colour of L*a*b*, an image (SIZE, SIZE, 3) in L*a*b*."""
    image = np.broadcast_to(np.array(lab, float), (SIZE, SIZE, 3)).copy()
    image[..., 0] += np.random.default_rng(seed).uniform(-8, 8, (SIZE, SIZE))
    return image


def scene(region: np.ndarray, hair=(40, 12, 20), ground=(80, 0, -5)) -> tuple[np.ndarray, np.ndarray]:
    """An image in [0, 1] with strands in a region before a plain ground, and its label map."""
    lab = np.where(region[..., None], strands(hair), np.array(ground, float))
    return lab2rgb(lab), np.where(region, HAIR, BACKGROUND).astype(np.uint8)


def measured(composite, *sources, target: np.ndarray, pair: Pair = TAKES_HAIR) -> dict[str, Measured]:
    """All metrics of what is taken, by name; images in [0, 1]."""
    images = [JUDGES.prepare(np.round(image * 255).astype(np.uint8)) for image in (composite, *(s[0] for s in sources))]
    case = Case(pair, images[0], images[1:], [labels for _, labels in sources], target)
    found = {}
    for name in TAKEN:
        entry = registry.load("metrics", name)
        assert entry.applies([pair]) and entry.direction == "lower"
        found |= dict(zip(entry.names(JUDGES.setup), entry.prepare(JUDGES)(case), strict=True))
    return found


BALD = lab2rgb(np.broadcast_to(np.array([80.0, 0, -5]), (SIZE, SIZE, 3))), np.full((SIZE, SIZE), BACKGROUND, np.uint8)


def test_equal_images_give_0():
    donor = scene(disc(60, 60))
    values = measured(donor[0], BALD, donor, target=donor[1])
    assert set(values) == {
        "taken CIEDE2000@128", "taken Lab EMD@128", "taken inner plain@128", "taken inner Gram plain@128",
        "taken sharpness gap@128", "taken seam@128",
    }  # fmt: skip
    assert all(value == Measured(0) for value in values.values()), values


def test_hair_that_has_moved_keeps_its_colour():
    """The strands move with it, by whole pixels; what is compared where both maps show it sees that they moved."""
    region = disc(60, 50)
    donor, moved = scene(region), np.roll(scene(region)[0], 20, axis=1)
    values = measured(moved, BALD, donor, target=np.roll(donor[1], 20, axis=1))
    assert values["taken CIEDE2000@128"].value == pytest.approx(0, abs=1e-9)
    assert values["taken Lab EMD@128"].value == pytest.approx(0, abs=1e-9)
    assert values["taken sharpness gap@128"].value == pytest.approx(0, abs=1e-9)
    assert values["taken inner plain@128"].value > 0


@pytest.mark.parametrize("shift", [(10, 0, 0), (0, 6, 0), (0, 0, -9), (4, 5, -6)])
def test_a_known_shift_of_colour_is_found(shift):
    region, hair = disc(60, 60), (40, 12, 20)
    shifted = tuple(np.add(hair, shift))
    donor, composite = scene(region, hair), scene(region, shifted)
    values = measured(composite[0], BALD, donor, target=donor[1])
    expected = float(deltaE_ciede2000(np.array(hair, float), np.array(shifted, float)))
    assert values["taken CIEDE2000@128"].value == pytest.approx(expected, abs=0.1)
    assert values["taken Lab EMD@128"].value == pytest.approx(np.linalg.norm(shift), abs=0.1)
    assert values["taken inner Gram plain@128"].value > 0


def test_only_the_histogram_sees_highlights_that_are_gone():
    region = disc(60, 60)
    donor = scene(region)
    flat = lab2rgb(np.where(region[..., None], np.array([40.0, 12, 20]), np.array([80.0, 0, -5])))
    values = measured(flat, BALD, donor, target=donor[1])
    assert values["taken CIEDE2000@128"].value < 0.5
    assert values["taken Lab EMD@128"].value == pytest.approx(4, abs=0.2)  # the mean of |x| over [-8, 8]


def test_the_histogram_distance_is_that_of_weighted_colours():
    lab = np.array([[[30.0, 0, 0], [60, 0, 0]]])
    image, other = lab2rgb(lab), lab2rgb(np.array([[[60.0, 0, 0]]]))
    # A quarter of the weight has to move by 30.
    distance = histogram_distance(image, np.array([[1.0, 3]]), other, np.ones((1, 1)))
    assert distance == pytest.approx(7.5, abs=0.01)


def test_more_blur_is_less_sharp_whatever_the_contrast():
    region = disc(60, 60)
    found = []
    for hair in (20, 70):
        step = lab2rgb(np.where(region[..., None], np.array([hair, 0, 0.0]), np.array([90.0, 0, 0])))
        blurred = [gaussian_filter(step, (s, s, 0)) if s else step for s in (0, 0.5, 1, 1.5, 2)]
        values = [sharpness(image, region) for image in blurred]
        assert values == sorted(values, reverse=True) and len(set(values)) == 5
        found.append(values[0])
    assert found == pytest.approx([0.4, 0.4], abs=0.06), "a step, as the docstring says"


def test_a_blurred_and_an_overdrawn_border_both_have_a_gap():
    region = disc(60, 60)
    image, labels = scene(region)
    soft = gaussian_filter(image, (1.5, 1.5, 0))
    gaps = [
        measured(composite, BALD, (donor, labels), target=labels)["taken sharpness gap@128"].value
        for composite, donor in ((soft, image), (image, soft))
    ]
    assert gaps[0] == pytest.approx(gaps[1]) and gaps[0] > 0.3


def test_a_pasted_seam_raises_the_seam_and_a_wider_ramp_lowers_it():
    """Two plain grounds of other lightness, and hair taken with a ring of its own ground."""
    region, cut = disc(60, 60, 25), disc(60, 60, 40)
    identity = np.broadcast_to(lab2rgb(np.array([[[80.0, 0, -5]]])), (SIZE, SIZE, 3))
    donor = scene(region, ground=(50, 0, 0))[0]
    blends = [gaussian_filter(cut.astype(float), s)[..., None] if s else cut[..., None] for s in (0, 2, 6)]
    values = [seam(blend * donor + (1 - blend) * identity, [identity, donor], cut) for blend in blends]
    assert values[0] > values[1] > values[2] > 0
    assert values[0] == pytest.approx(0.4 * np.linalg.norm([30, 0, 5]), rel=0.1), "a step, through a Gaussian of 1 px"
    assert seam(identity, [identity, donor], cut) == 0


def test_nothing_taken_is_noted():
    donor = scene(disc(60, 60))
    for pair, target in ((TAKES_HAIR, BALD[1]), (Pair("p", "a", {"hair": "b"}, {"hair": "a"}), donor[1])):
        values = measured(BALD[0], BALD, donor, target=target, pair=pair)
        for name, value in values.items():
            assert math.isnan(value.value) and value.note, name


def test_hair_in_two_places_that_share_nothing_has_colour_but_no_inner_texture():
    donor, moved = scene(disc(30, 30, 20)), scene(disc(90, 90, 20))
    values = measured(moved[0], BALD, donor, target=moved[1])
    inner = values["taken inner plain@128"]
    assert math.isnan(inner.value) and inner.note == "nothing is taken that both maps show away from its border"
    assert values["taken CIEDE2000@128"].value < 1


def test_other_regions_are_named_alike_and_images_averaged():
    """Skin from one image and hair from another; each is wrong by its own shift."""
    hair, skin = disc(30, 60, 20), disc(95, 60, 20)
    labels = np.select([hair, skin], [HAIR, SKIN], BACKGROUND).astype(np.uint8)

    def drawn(hair_l: float, skin_l: float) -> np.ndarray:
        light = np.select([hair, skin], [hair_l, skin_l], 80.0)
        return lab2rgb(np.stack([light, np.zeros_like(light), np.zeros_like(light)], -1))

    pair = Pair("p", "a", {"hair": "b", "face": "c"})
    sources = [BALD, (drawn(40, 60), labels), (drawn(40, 60), labels)]
    values = measured(drawn(50, 80), *sources, target=labels, pair=pair)
    assert values["taken Lab EMD@128"].value == pytest.approx((10 + 20) / 2, abs=0.3)
