"""The shade of uncovered skin, on a face under side light: stains of known colour, and what cannot be measured."""

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, lab2rgb

from stages.metrics import Case, Measured
from stages.metrics.uncovered_skin import ENTRY, NO_SKIN, NOTHING
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.judges import Judges

SIZE = 128
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE] / SIZE
FACE = np.hypot(ROWS - 0.55, COLUMNS - 0.5) < 0.35
FRINGE = FACE & (ROWS < 0.42)
HAIR_ONLY, FACE_ONLY = Pair("p", "a", {"hair": "b"}), Pair("p", "a", {"face": "b"})


def parser(scheme):
    return type("Parser", (), {"scheme": scheme, "size": SIZE})()


def labels(scheme, face: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """A label map of skin and hair before a background."""
    return np.where(hair, scheme["hair"], np.where(face, scheme["skin"], scheme["background"])).astype(np.uint8)


def skin(lightness: float = 55, tilt: float = 20) -> np.ndarray:
    """A face lit from the right, (SIZE, SIZE, 3) in L*a*b*."""
    light = lightness + tilt * (COLUMNS - 0.5)
    return np.stack([light, np.full_like(light, 15), np.full_like(light, 18)], -1)


def measured(lab: np.ndarray, own: np.ndarray, target: np.ndarray, pair=HAIR_ONLY, scheme=CELEBAMASK_19) -> Measured:
    """The metric of a composite in L*a*b*; `own` is the map of whoever gives the face, the other image is all hair."""
    judges = Judges({}, parser(scheme), [], {}, SIZE, torch.device("cpu"))
    image = judges.prepare(np.round(lab2rgb(lab) * 255).astype(np.uint8))
    maps = [own, np.full_like(own, scheme["hair"])]
    (value,) = ENTRY.prepare(judges)(Case(pair, image, [image, image], maps[:: 1 if pair is HAIR_ONLY else -1], target))
    return value


@pytest.mark.parametrize("scheme", [CELEBAMASK_19, CELEBAMASK_16])
@pytest.mark.parametrize("pair", [HAIR_ONLY, FACE_ONLY])
def test_a_forehead_that_goes_on_as_the_face_has_none(scheme, pair):
    own, target = labels(scheme, FACE, FRINGE), labels(scheme, FACE, FACE & False)
    assert measured(skin(), own, target, pair, scheme).value < 0.5
    assert measured(skin(tilt=60), own, target, pair, scheme).value < 1


@pytest.mark.parametrize("lightness", [25, 55, 75])
@pytest.mark.parametrize("stain", [(-8, 0, 0), (0, 6, 0), (-5, -4, 6)])
def test_a_stain_counts_by_how_it_looks(lightness, stain):
    """All over the uncovered skin, dark or light, in a level light: CIEDE2000 of the two colours, to 0.3."""
    own, target = labels(CELEBAMASK_19, FACE, FRINGE), labels(CELEBAMASK_19, FACE, FACE & False)
    clean = skin(lightness, tilt=0)
    stained = np.where(FRINGE[..., None], clean + stain, clean)
    expected = float(deltaE_ciede2000(clean[0, 0], clean[0, 0] + stain))
    assert measured(stained, own, target).value == pytest.approx(expected, abs=0.3)


def test_half_a_stain_counts_half():
    own, target = labels(CELEBAMASK_19, FACE, FRINGE), labels(CELEBAMASK_19, FACE, FACE & False)
    where = (FRINGE & (COLUMNS < 0.5))[..., None]
    whole, half = (
        measured(np.where(mask, skin() - [12, 0, 0], skin()), own, target).value for mask in (FRINGE[..., None], where)
    )
    assert half == pytest.approx(whole / 2, rel=0.15)


def test_old_hair_that_stayed_is_no_skin():
    own, target = labels(CELEBAMASK_19, FACE, FRINGE), labels(CELEBAMASK_19, FACE, FACE & False)
    assert measured(np.where(FRINGE[..., None], [15.0, 5, 8], skin()), own, target).value > 20


def test_what_cannot_be_measured_says_why():
    bare = labels(CELEBAMASK_19, FACE, FACE & False)
    sliver = labels(CELEBAMASK_19, FACE, FACE & (ROWS < 0.22))
    assert measured(skin(), sliver, bare).note == NOTHING
    assert measured(skin(), labels(CELEBAMASK_19, FACE, FACE), bare).note == NO_SKIN


def test_is_measured_where_hair_or_a_face_is_taken():
    assert ENTRY.direction == "lower"
    assert ENTRY.applies([HAIR_ONLY]) and ENTRY.applies([FACE_ONLY])
    assert not ENTRY.applies([Pair("p", "a", {"eyes": "b"}), Pair("q", "a", {}, {"hair": "b"})])
