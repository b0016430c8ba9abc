"""Every kind of broken result is found by its rule, and what is merely poor is not: on drawn faces of soft shapes."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.scoring.expectations import SIZE, Seen, expect, seen_small, slopes
from stages.scoring.failures import judge
from stages.scoring.judging import Judged, absent_of, failure_values, judge_all
from stages.scoring.misfits import misfit, misfits
from stages.scoring.sheets import Sheet, of_expected, of_seen

BACKGROUND, SKIN, HAIR = (SCHEME[name] for name in ("background", "skin", "hair"))
EDGE = 256
NAMES = ("ann", "ben", "cem", "dee")
DOWN, ACROSS = np.mgrid[:EDGE, :EDGE] / EDGE


def map_of(seed):
    """An oval face with hair around it, longer on one side."""
    random = np.random.default_rng(seed)
    x, y, wide = 0.5 + random.uniform(-0.05, 0.05), 0.55, random.uniform(0.2, 0.25)
    face = ((ACROSS - x) / wide) ** 2 + ((DOWN - y) / 0.3) ** 2 < 1
    hair = ((ACROSS - x - random.uniform(-0.06, 0.06)) / (wide + 0.1)) ** 2 + ((DOWN - 0.45) / 0.35) ** 2 < 1
    return np.select([face, hair], [SKIN, HAIR], BACKGROUND).astype(np.uint8)


def photo_of(seed):
    """A picture of the map: colours by region, and soft spots that no other photo has."""
    random = np.random.default_rng(100 + seed)
    colours = random.uniform(40, 215, (len(SCHEME), 3))
    spots = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize((EDGE, EDGE))
    return np.clip(colours[map_of(seed)] + 0.3 * (np.asarray(spots, float) - 128), 0, 255).astype(np.uint8)


PHOTOS = {name: photo_of(seed) for seed, name in enumerate(NAMES)}
MAPS = {name: map_of(seed) for seed, name in enumerate(NAMES)}
PAIRS = [Pair(f"{a}-{b}", a, {"hair": b}) for a in NAMES for b in NAMES if a != b]


def target_of(pair):
    own, other = (MAPS[name] for name in pair.references)
    return np.where(other == HAIR, HAIR, np.where(own == HAIR, SKIN, own)).astype(np.uint8)


def good(pair):
    """What a method should make: the reference's hair on the identity."""
    own, other = pair.references
    return np.where((MAPS[other] == HAIR)[..., None], PHOTOS[other], PHOTOS[own])


EXPECTED = {
    k: expect(p, [seen_small(PHOTOS[n]) for n in p.references], [MAPS[n] for n in p.references], target_of(p), SCHEME)
    for k, p in enumerate(PAIRS)
}


def see(pixels, has_face=True):
    return Seen(seen_small(pixels), pixels.tobytes(), has_face)


IMAGES = {name: see(photo) for name, photo in PHOTOS.items()}


def found(changes, poor=lambda x: x, pairs=PAIRS, expected=EXPECTED):
    """The rules by which results fail, by number; `changes` are results other than the good ones."""
    results = {k: see(poor(good(pair))) for k, pair in enumerate(pairs)} | changes
    return {k: failure.rule for k, failure in judge(pairs, results, expected, IMAGES).items()}


def jpeg(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


POOR = {
    "as it is": lambda x: x,
    "jpeg 50": lambda x: jpeg(x, 50),
    "blurred": lambda x: np.asarray(Image.fromarray(x).filter(ImageFilter.GaussianBlur(3))),
    "other colours": lambda x: np.clip(x * [1.1, 1.0, 0.8] - 10, 0, 255).astype(np.uint8),
    "dark": lambda x: (x * 0.6).astype(np.uint8),
    "noisy": lambda x: np.clip(x + np.random.default_rng(0).normal(0, 20, x.shape), 0, 255).astype(np.uint8),
    "half as strong": lambda x: (x * 0.5 + 64).astype(np.uint8),
}


@pytest.mark.parametrize("how", POOR)
def test_what_is_merely_poor_is_no_failure(how):
    assert found({}, POOR[how]) == {}


BROKEN = {
    "constant": lambda pair: np.zeros((EDGE, EDGE, 3), np.uint8),
    "unchanged": lambda pair: jpeg(PHOTOS[pair.identity], 75),
    "copied": lambda pair: jpeg(PHOTOS[pair.references[1]], 75),
    "mirrored": lambda pair: np.ascontiguousarray(good(pair)[:, ::-1]),
    "mixed-up": lambda pair: good(PAIRS[(PAIRS.index(pair) + 4) % len(PAIRS)]),
}


@pytest.mark.parametrize("rule", BROKEN)
@pytest.mark.parametrize("share", [1, len(PAIRS)], ids=["one", "all"])
def test_what_is_broken_is_found_by_its_rule(rule, share):
    changes = {k: see(jpeg(BROKEN[rule](pair), 90)) for k, pair in enumerate(PAIRS[:share])}
    assert found(changes) == dict.fromkeys(changes, rule)


def test_a_face_counts_as_blank_only_if_its_giver_has_one():
    changes = {0: see(good(PAIRS[0]), has_face=False)}
    assert found(changes) == {0: "blank-faced"}
    faceless = IMAGES | {PAIRS[0].identity: IMAGES[PAIRS[0].identity]._replace(has_face=False)}
    assert judge(PAIRS, changes, EXPECTED, faceless) == {}


def test_of_equal_results_the_one_that_fits_is_right():
    """Also if the two pairs are too alike for the rule of mixed-up results, as here, where one stands in for both."""
    changes = {3: see(good(PAIRS[3])), 7: see(good(PAIRS[3]))}
    assert found(changes) == {7: "mixed-up"}
    twice = [*PAIRS, PAIRS[3]._replace(pair="again")]
    results = {3: changes[3], len(PAIRS): changes[3]}
    assert judge(twice, results, EXPECTED | {len(PAIRS): EXPECTED[3]}, IMAGES) == {}, "both ask for the same"


def test_a_pair_that_changes_next_to_nothing_cannot_be_unchanged():
    """Hair of nearly the same colour: a faithful copy of it is nearer to what is asked than to the identity."""
    pair = Pair("twins", "ann", {"hair": "twin"})
    hair = (MAPS["ann"] == HAIR)[..., None]
    twin = np.where(hair, np.clip(PHOTOS["ann"] + 3.0, 0, 255), PHOTOS["ann"]).astype(np.uint8)
    small = [seen_small(PHOTOS["ann"]), seen_small(twin)]
    expected = {0: expect(pair, small, [MAPS["ann"]] * 2, MAPS["ann"], SCHEME)}
    images = {"ann": IMAGES["ann"], "twin": see(twin)}
    assert judge([pair], {0: see(twin)}, expected, images) == {}
    own = Pair("own", "ann", {"hair": "ann"})
    expected = {0: expect(own, small[:1], [MAPS["ann"]], MAPS["ann"], SCHEME)}
    assert judge([own], {0: see(PHOTOS["ann"])}, expected, images) == {}, "it asks for the image itself"


def test_a_look_that_does_not_change_is_unchanged():
    pair = Pair("dyed", "ann", {}, {"hair": "ben"})
    expected = {0: expect(pair, [seen_small(PHOTOS["ann"])], [MAPS["ann"]], MAPS["ann"], SCHEME)}
    assert expected[0].unseen
    assert judge([pair], {0: see(PHOTOS["ann"])}, expected, IMAGES)[0].rule == "unchanged"
    dyed = np.where((MAPS["ann"] == HAIR)[..., None], PHOTOS["ann"][..., ::-1], PHOTOS["ann"])
    assert judge([pair], {0: see(dyed)}, expected, IMAGES) == {}


def test_misfits_are_correlations_where_the_pair_is_shown():
    """The matrix products against numpy's own correlation without means, pair by pair."""
    images = np.stack([seen_small(good(pair)) for pair in PAIRS[:4]])
    expected = [EXPECTED[k] for k in range(6)]
    for image, row in zip(images, misfits(images, expected), strict=True):
        for each, value in zip(expected, row, strict=True):
            a, b = slopes(image)[each.counts].ravel(), slopes(each.pixels)[each.counts].ravel()
            assert value == pytest.approx(1 - a @ b / np.sqrt(a @ a * (b @ b)), abs=1e-9)
            assert misfit(image, each) == pytest.approx(value, abs=1e-12)
    nothing = replace(EXPECTED[0], weights=np.zeros((SIZE, SIZE)))
    assert np.isnan(misfits(images, [nothing])).all()


@given(st.floats(0.2, 2), st.floats(-0.3, 0.3))
def test_a_misfit_does_not_see_brightness_and_contrast(contrast, brightness):
    image = seen_small(good(PAIRS[1]))
    assert misfit(image * contrast + brightness, EXPECTED[5]) == pytest.approx(misfit(image, EXPECTED[5]), abs=1e-9)


def sheet(pixels):
    return Sheet([], *of_seen(see(pixels)))


def judged(items=(), without=None):
    """What becomes of good results; `without`: the name of an image that failed. `items`: in the method's record."""
    gone = f"data/faces/{without}.png is empty, it failed before"
    images = {name: gone if name == without else sheet(photo) for name, photo in PHOTOS.items()}
    lacks = {pair.pair for pair in PAIRS if without in pair.images}
    of_pairs = {
        p.pair: gone if p.pair in lacks else of_expected(EXPECTED[k], p.references) for k, p in enumerate(PAIRS)
    }
    failed = {item["item"] for item in items}
    composites = {p.pair: gone if p.pair in lacks | failed else sheet(good(p)) for p in PAIRS}
    rest = [{"item": pair.pair, "status": "ok"} for pair in PAIRS if pair.pair not in failed]
    absent = absent_of(PAIRS, {item["item"]: item for item in [*items, *rest]})
    return judge_all(PAIRS, images, of_pairs, {"mine": composites}, {"mine": absent})["mine"]


def test_files_that_are_not_there_or_cannot_be_read_are_failures_with_the_records_reason():
    items = [
        {"item": PAIRS[0].pair, "status": "failed", "reason": "mine: no image named so"},
        {"item": PAIRS[1].pair, "status": "failed", "reason": "x.png: not an image", "unreadable": True},
    ]
    notes = {name: failure.note for name, failure in judged(items).failures.items()}
    assert notes == {
        PAIRS[0].pair: "missing: mine: no image named so",
        PAIRS[1].pair: "unreadable: x.png: not an image",
    }
    assert {each.note for each in absent_of(PAIRS, {}).values()} == {"missing: it has no composite"}


def test_a_pair_whose_face_failed_is_not_judged_and_no_failure_of_the_method():
    got = judged([{"item": "dee-ann", "status": "failed", "reason": "no face"}], without="dee")
    assert set(got.failures) == {"dee-ann"}, "but a result that is not there is one all the same"
    assert set(got.unjudged) == {pair.pair for pair in PAIRS if "dee" in pair.images} - {"dee-ann"}
    values = list(failure_values(got, PAIRS))
    assert {value.note for value in values if value.item == "ann-dee"} == {
        "not judged: data/faces/dee.png is empty, it failed before"
    }
    assert not got.measured("ann-dee") and not got.measured("dee-ann") and got.measured("ann-ben")


def test_every_pair_has_its_value_and_a_failure_its_note():
    failures = judge(PAIRS, {k: see(PHOTOS[PAIRS[k].identity]) for k in range(3)}, EXPECTED, IMAGES)
    values = list(failure_values(Judged({PAIRS[k].pair: f for k, f in failures.items()}, {}), PAIRS))
    assert [value.item for value in values] == [pair.pair for pair in PAIRS]
    assert [value.value for value in values] == [1.0] * 3 + [0.0] * (len(PAIRS) - 3)
    assert {(value.metric, value.direction) for value in values} == {("failure", "lower")}
    assert values[0].note.startswith("unchanged: it is the identity's own image, ann") and values[3].note == ""
