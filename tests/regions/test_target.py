"""Target maps: who gets which pixel, and what the holes are filled with."""

import itertools
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import ROOT, drawn_maps

from stages import registry
from stages.errors import UserError
from stages.fills import Fill
from stages.regions import target_map as regions_target
from stages.regions.labels import CELEBAMASK_19, LabelScheme
from stages.regions.layers import INPAINT_RADIUS
from stages.regions.target_map import Target, fit_face

SCHEME = CELEBAMASK_19
ALL = frozenset(range(len(SCHEME)))
HAIR = frozenset(SCHEME.indices("hair"))
BACKGROUND, SKIN, NOSE, NECK, CLOTHES, HAIR_LABEL, HAT = (
    SCHEME[name] for name in ("background", "skin", "nose", "neck", "clothes", "hair", "hat")
)
FILLABLE = set(SCHEME.behind_indices + SCHEME.spread_indices)
INNER_FACE = set(SCHEME.indices("face")) - set(SCHEME.spread_indices)
LAYERED = ["telea", "navier_stokes"]


def hair_transfer(identity: np.ndarray, hair: np.ndarray, fill: str) -> Target:
    return compose([identity, hair], [ALL - HAIR, HAIR], SCHEME, fill)


def portrait(hair: int = 20, size: int = 64, neck: int = 8) -> np.ndarray:
    """A head with a nose on a neck, before background, with `hair` pixels of hair around all but its lower part."""
    labels = np.zeros((size, size), np.uint8)
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    labels[(np.abs(x) < neck) & (y > 0)] = NECK
    labels[(np.hypot(y, x) < 12 + hair) & (y < 6)] = HAIR_LABEL if hair else BACKGROUND
    labels[np.hypot(y, x) < 12] = SKIN
    labels[np.hypot(y, x) < 3] = NOSE
    return labels


def label_maps(count: int) -> st.SearchStrategy[list[np.ndarray]]:
    """`count` maps of one shape: noise of a few labels in blocks of 1 to 4 pixels."""
    sizes = st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(1, 4))
    few = st.sampled_from([BACKGROUND, SKIN, NOSE, NECK, CLOTHES, HAIR_LABEL, HAT])
    return sizes.flatmap(
        lambda s: st.lists(hnp.arrays(np.uint8, s[:2], elements=few), min_size=count, max_size=count).map(
            lambda maps: [np.kron(m, np.ones((s[2], s[2]), np.uint8)) for m in maps]
        )
    )


partitions = st.lists(st.integers(0, 2), min_size=len(SCHEME), max_size=len(SCHEME)).map(
    lambda owners: [frozenset(label for label, k in enumerate(owners) if k == reference) for reference in range(3)]
)
FILLS = [name for name in registry.names("fills") if isinstance(registry.load("fills", name), Fill)]
fills = st.sampled_from(FILLS)


def compose(maps, taken, scheme, fill):
    """The target map by a registered fill."""
    return regions_target.compose(maps, taken, scheme, registry.load("fills", fill).fill)


FACE = frozenset(SCHEME.indices("face"))


@pytest.mark.parametrize("shift", [-5, 0, 5])
@pytest.mark.parametrize("fill", sorted(FILLS))
def test_another_face_has_the_identitys_outline(shift, fill):
    """Also where it lies to the side: no gap at the ear, no skin in the background; its nose is where it was."""
    identity, other = portrait(hair=0), np.roll(portrait(hair=6), shift, 1)
    taken = [ALL - FACE, FACE]
    labels = compose(fit_face([identity, other], taken, SCHEME), taken, SCHEME, fill).labels
    assert ((labels == SKIN) | (labels == NOSE))[identity == SKIN].all()
    assert (labels[identity == BACKGROUND] == BACKGROUND).all()
    assert (labels == NOSE).sum() == (other == NOSE).sum() and (labels[other == NOSE] == NOSE).all()


def test_without_skin_or_background_there_is_no_outline_to_keep():
    identity, other = portrait(hair=4), np.roll(portrait(hair=8), 3, 1)
    for taken in ([ALL - HAIR, HAIR], [ALL - {NOSE}, frozenset({NOSE})]):
        assert (fit_face([identity, other], taken, SCHEME)[1] == other).all()
    face_and_background = FACE | {BACKGROUND}
    fitted = fit_face([identity, other], [ALL - face_and_background, face_and_background], SCHEME)[1]
    assert (fitted[other == SKIN] == SKIN).all(), "its skin may cover the identity's background, which is not taken"


# Claims


def test_each_reference_claims_its_own_labels_and_the_larger_label_wins():
    identity = np.array([[SKIN, CLOTHES, HAIR_LABEL, NOSE]], np.uint8)
    hair = np.array([[HAIR_LABEL, HAIR_LABEL, HAIR_LABEL, SKIN]], np.uint8)
    clothes = np.array([[CLOTHES, SKIN, CLOTHES, CLOTHES]], np.uint8)
    target = compose([identity, hair, clothes], [ALL - HAIR - {CLOTHES}, HAIR, frozenset({CLOTHES})], SCHEME, "telea")
    assert target.labels.tolist() == [[HAIR_LABEL, HAIR_LABEL, HAIR_LABEL, CLOTHES]]
    assert target.owner.tolist() == [[1, 1, 1, 2]]
    assert not target.holes.any()


@pytest.mark.parametrize("fill", FILLS)
def test_identity_with_its_own_hair_is_its_own_map(fill):
    labels = portrait()
    target = hair_transfer(labels, labels, fill)
    np.testing.assert_array_equal(target.labels, labels)
    np.testing.assert_array_equal(target.owner, np.isin(labels, list(HAIR)))
    assert not target.holes.any()


def test_a_hat_of_the_identity_goes_with_its_hair():
    identity, hair = portrait(), portrait(hair=6)
    identity[:20] = HAT
    target = hair_transfer(identity, hair, "telea")
    assert HAT not in target.labels
    assert target.holes[:10].all()


def test_dtypes_and_shapes():
    identity = portrait().astype(np.int64)
    target = hair_transfer(identity, portrait(hair=0), "centre")
    assert [a.dtype for a in target] == [np.uint8, np.uint8, bool]
    assert {a.shape for a in target} == {(64, 64)}


@settings(max_examples=60, deadline=None)
@given(label_maps(3), partitions, fills)
def test_properties_of_any_composition(maps, taken, fill):
    target = compose(maps, taken, SCHEME, fill)
    claims = np.array([np.where(np.isin(m, list(t)), m.astype(int), -1) for m, t in zip(maps, taken, strict=True)])
    union = claims.max(axis=0)
    np.testing.assert_array_equal(target.holes, union < 0)
    np.testing.assert_array_equal(target.labels[~target.holes], union[~target.holes])
    assert set(target.labels[target.holes].tolist()) <= FILLABLE
    for k, wanted in enumerate(taken):
        assert set(target.labels[target.owner == k].tolist()) <= wanted
    assert target.owner.max() < 3
    for again, once in zip(compose(maps, taken, SCHEME, fill), target, strict=True):
        np.testing.assert_array_equal(again, once)


@settings(max_examples=60, deadline=None)
@given(label_maps(2))
@example([np.full((3, 6), HAIR_LABEL, np.uint8) - np.uint8([0, 0, 0, 1, 1, 1]), np.zeros((3, 6), np.uint8)])
def test_a_mirrored_pair_has_a_mirrored_centre_fill(maps):
    once = hair_transfer(*maps, "centre").labels
    np.testing.assert_array_equal(hair_transfer(*[m[:, ::-1] for m in maps], "centre").labels[:, ::-1], once)
    np.testing.assert_array_equal(hair_transfer(*[m.T for m in maps], "centre").labels.T, once)


# Fills by layers


@pytest.mark.parametrize("fill", LAYERED)
def test_the_old_hair_is_parted_between_head_and_background(fill):
    identity, hair = portrait(hair=10), portrait(hair=0)
    target = hair_transfer(identity, hair, fill)
    assert set(target.labels[target.holes].tolist()) == {SKIN, BACKGROUND}
    assert target.labels[20 - 2, 32] == SKIN  # just above the head
    assert target.labels[12, 32] == BACKGROUND  # at the old hair's upper end
    assert (target.owner[target.holes] == 0).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_hair_that_fills_the_frame_gives_way_to_background_not_to_skin(fill):
    identity, hair = portrait(), portrait(hair=6)
    identity[:40][identity[:40] == BACKGROUND] = HAIR_LABEL
    target = hair_transfer(identity, hair, fill)
    assert target.holes[:10].all()
    assert (target.labels[:10] == BACKGROUND).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_a_forehead_bared_by_the_new_hair_is_skin_all_over(fill):
    """The new hair stands off the head by 8 pixels, half of which the layers alone would give to the background."""
    identity, hair = portrait(hair=10), portrait(hair=16)
    y, x = np.mgrid[:64, :64] - 31.5
    gap = (np.hypot(y, x) < 20) & (y < 6) & (hair == HAIR_LABEL)
    hair[gap] = BACKGROUND
    identity[gap] = HAIR_LABEL
    hair[(y >= 0) & (np.hypot(y, x) >= 12) & (np.hypot(y, x) < 24)] = HAIR_LABEL  # closed round the head
    target = hair_transfer(identity, hair, fill)
    enclosed = target.holes & (np.hypot(y, x) < 20) & (y < 0)
    assert enclosed.any()
    assert (target.labels[enclosed] == SKIN).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_an_ear_outside_the_new_hair_grows_no_skin(fill):
    """The old hair reaches the frame at the right; an ear looks out of it, beyond the new hair."""
    identity, hair = portrait(), portrait(hair=8)
    identity[10:40, 44:] = HAIR_LABEL
    identity[30:33, 56:58] = SCHEME["right_ear"]
    hair[20:40, 45:52] = HAIR_LABEL
    target = hair_transfer(identity, hair, fill)
    around = target.holes[20:40, 52:]
    assert around.sum() > 100
    assert (target.labels[20:40, 52:][around] == BACKGROUND).all()
    assert (target.labels[30:33, 56:58] == SCHEME["right_ear"]).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_long_hair_gives_way_to_background_not_to_wide_cheeks_and_neck(fill):
    """Below the eyes the filled head keeps to the hull of the face seen, the filled neck to its columns."""
    identity = portrait(hair=0, size=128)
    y, x = np.mgrid[:128, :128] - 63.5
    identity[np.hypot(y, x) < 24] = SKIN
    identity[(np.abs(y + 4) < 2) & (np.abs(np.abs(x) - 10) < 3)] = SCHEME["left_eye"]
    identity[(identity == BACKGROUND) & (np.abs(x) < 52)] = HAIR_LABEL
    short = np.where((np.hypot(y, x) < 30) & (y < -10), HAIR_LABEL, BACKGROUND).astype(np.uint8)
    target = hair_transfer(identity, short, fill)
    below = target.holes & (y > 0)
    assert (target.labels[below & (np.hypot(y, x) > 30) & (np.abs(x) > 26)] == BACKGROUND).all()
    assert (target.labels[below & (np.abs(x) > 26)] != NECK).all()
    assert (target.labels[target.holes & (np.hypot(y, x) > 36)] != SKIN).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_neck_goes_on_below_the_hair_that_hid_it(fill):
    identity = portrait(hair=0)
    identity[50:, 27:33] = HAIR_LABEL  # a lock before the neck
    target = hair_transfer(identity, portrait(hair=4), fill)
    assert target.holes[50:, 27:33].all()
    assert (target.labels[50:, 27:33] == NECK).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_a_missing_nose_becomes_skin(fill):
    identity, other = portrait(), portrait()
    other[other == NOSE] = SKIN
    taken = [ALL - {NOSE}, frozenset({NOSE})]
    target = compose([identity, other], taken, SCHEME, fill)
    assert target.holes.sum() == (identity == NOSE).sum()
    assert (target.labels[target.holes] == SKIN).all()
    assert (target.owner == 0).all()


def test_holes_filled_with_skin_belong_to_the_owner_of_skin():
    identity, other = portrait(), portrait()
    taken = [ALL - {SKIN} - HAIR, frozenset({SKIN}), HAIR]
    target = compose([identity, other, portrait(hair=0)], taken, SCHEME, "telea")
    skin = target.holes & (target.labels == SKIN)
    assert skin.any()
    assert (target.owner[skin] == 1).all()
    assert (target.owner[target.holes & (target.labels == BACKGROUND)] == 0).all()


@pytest.mark.parametrize("fill", LAYERED)
def test_of_several_labels_that_spread_the_nearer_fills(fill):
    scheme = LabelScheme(
        "two skins", ("background", "pale", "dark", "hair"), {"hair": ("hair",)}, ("background",), ("pale", "dark"), ()
    )
    identity = np.ones((40, 40), np.uint8)
    identity[:, 20:] = 2
    identity[10:30, 10:30] = 3
    target = compose([identity, np.zeros_like(identity)], [frozenset({0, 1, 2}), frozenset({3})], scheme, fill)
    assert (target.labels[15:25, 10:18] == 1).all()
    assert (target.labels[15:25, 22:30] == 2).all()


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("known", [None, HAIR_LABEL, NOSE, CLOTHES], ids=["nothing", "hair", "nose", "clothes"])
def test_degenerate_maps_are_filled(fill, known):
    """Everything a hole; no head and no background known; no background; no head."""
    identity = np.full((16, 16), HAIR_LABEL, np.uint8)
    hair = np.zeros((16, 16), np.uint8)
    if known == HAIR_LABEL:
        hair[:4] = known
    elif known is not None:
        identity[6:10, 6:10] = known
    target = hair_transfer(identity, hair, fill)
    filled = set(target.labels[target.holes].tolist())
    assert filled <= {NOSE: {SKIN, BACKGROUND}, CLOTHES: {CLOTHES, BACKGROUND}}.get(known, {BACKGROUND})


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3)])
def test_tiny_maps(fill, shape):
    identity = np.full(shape, HAIR_LABEL, np.uint8)
    identity.flat[0] = SKIN
    target = hair_transfer(identity, np.zeros(shape, np.uint8), fill)
    assert target.labels.flat[0] == SKIN
    assert set(target.labels.ravel().tolist()) <= FILLABLE


# Fill from the centre


def test_centre_takes_the_first_label_that_may_spread_on_the_way_to_the_middle():
    identity = np.array([[HAIR_LABEL, HAIR_LABEL, NOSE, CLOTHES, SKIN, NECK, HAIR_LABEL, NOSE, HAIR_LABEL]], np.uint8)
    target = hair_transfer(identity, np.zeros_like(identity), "centre")
    assert target.labels.tolist() == [[CLOTHES, CLOTHES, NOSE, CLOTHES, SKIN, NECK, NECK, NOSE, NECK]]


def test_centre_walks_over_the_new_hair_and_past_holes():
    identity = np.array([[HAIR_LABEL, SKIN, HAIR_LABEL, HAIR_LABEL, HAIR_LABEL, BACKGROUND, NECK]], np.uint8)
    hair = np.array([[0, HAIR_LABEL, 0, 0, 0, 0, 0]], np.uint8)
    # From the left: hair, a hole, and the middle, another hole. From the right of the middle: a hole, the middle.
    assert hair_transfer(identity, hair, "centre").labels.tolist() == [
        [BACKGROUND, HAIR_LABEL, BACKGROUND, BACKGROUND, BACKGROUND, BACKGROUND, NECK]
    ]


def test_centre_knows_nothing_to_put_into_the_middle_itself():
    identity, other = portrait(), portrait()
    other[other == NOSE] = SKIN
    target = compose([identity, other], [ALL - {NOSE}, frozenset({NOSE})], SCHEME, "centre")
    assert (target.labels[target.holes] == BACKGROUND).all()


def test_centre_goes_straight_also_on_diagonals():
    identity = np.full((9, 9), HAIR_LABEL, np.uint8)
    identity[4, 4] = CLOTHES
    identity[2, 2] = SKIN
    labels = hair_transfer(identity, np.zeros((9, 9), np.uint8), "centre").labels
    assert labels[0, 0] == labels[1, 1] == SKIN
    assert labels[3, 3] == labels[0, 8] == labels[4, 0] == CLOTHES


# Errors


@pytest.mark.parametrize(
    ("maps", "taken", "fill", "message"),
    [
        ([], [], "telea", "0 label maps"),
        ([portrait()], [ALL - HAIR, HAIR], "telea", "one set a map"),
        ([portrait(), portrait(size=32)], [ALL - HAIR, HAIR], "telea", "map 1 has shape"),
        ([portrait()[None]], [ALL], "telea", "map 0 has shape"),
        ([portrait()[:0]], [ALL], "telea", "map 0 has shape"),
        ([portrait() / 1], [ALL], "telea", "float64"),
        ([portrait() + 10], [ALL], "telea", "labels outside 0..18"),
        ([portrait(), portrait()], [ALL, HAIR], "telea", "each of the 19 labels"),
        ([portrait(), portrait()], [ALL - HAIR, frozenset()], "telea", "each of the 19 labels"),
        ([portrait(), portrait()], [ALL - HAIR, HAIR | {19}], "telea", "each of the 19 labels"),
    ],
)
def test_wrong_input_is_named(maps, taken, fill, message):
    with pytest.raises(ValueError, match=message):
        compose(maps, taken, SCHEME, fill)


# Imports, maps of the parser


def test_torch_is_not_imported():
    code = "import stages.regions.target_map, stages.regions.variety, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_telea_needs_a_large_indicator():
    """Why indicators are scaled: at [0,1] OpenCV's gradient term alone is larger than the range."""
    image = np.zeros((64, 64), np.float32)
    image[24:] = 1
    unknown = np.zeros((64, 64), np.uint8)
    unknown[12:50, 12:50] = 1
    small = cv2.inpaint(image, unknown, INPAINT_RADIUS, cv2.INPAINT_TELEA)
    large = cv2.inpaint(image * 255, unknown, INPAINT_RADIUS, cv2.INPAINT_TELEA) / 255
    assert small.min() < -0.5 and small.max() > 1.5
    assert large.min() > -0.01 and large.max() < 1.01


@pytest.mark.parametrize("fill", FILLS)
def test_every_pair_of_the_parsers_maps_is_filled(fill):
    maps = drawn_maps()
    assert len(maps) == 6
    for identity, hair in itertools.permutations(maps, 2):
        target = hair_transfer(maps[identity], maps[hair], fill)
        filled = set(target.labels[target.holes].tolist())
        assert target.holes.any()
        assert filled <= FILLABLE, (identity, hair)
        assert not filled & INNER_FACE
        np.testing.assert_array_equal(np.isin(target.labels, list(HAIR)), np.isin(maps[hair], list(HAIR)))


@pytest.mark.parametrize("fill", LAYERED)
@pytest.mark.parametrize("wide", ["drawn-0008", "drawn-0019"])
def test_no_skin_in_the_upper_corners_of_the_parsers_maps(fill, wide):
    """This face's hair fills an upper corner; under it there must be background, for any new hair."""
    maps = drawn_maps()
    wide = maps.pop(wide)
    assert max((wide[:64, columns] == HAIR_LABEL).mean() for columns in (slice(32), slice(480, 512))) > 0.9
    for hair in maps.values():
        corners = hair_transfer(wide, hair, fill).labels[:64, [*range(32), *range(480, 512)]]
        assert set(corners.ravel().tolist()) <= {BACKGROUND, HAIR_LABEL, HAT}


@pytest.mark.parametrize(
    ("filled", "message"),
    [
        (np.full((64, 64), HAIR_LABEL, np.uint8), "puts hair into holes; allowed are background, .*skin"),
        (np.full((64, 64), 200, np.uint8), "puts 200 into holes"),
        (np.zeros((64, 64)), r"gives float64 \(64, 64\); it must give a label map, uint8 \(64, 64\)"),
        (np.zeros(3, np.uint8), r"gives uint8 \(3,\); it must give"),
        (None, "gives NoneType; it must give a label map"),
    ],
)
def test_a_fill_that_gives_something_else_is_refused(filled, message):
    with pytest.raises(UserError, match=f"^the fill of target.fill {message}"):
        regions_target.compose([portrait(), portrait(8)], [ALL - HAIR, HAIR], SCHEME, lambda *_: filled)
