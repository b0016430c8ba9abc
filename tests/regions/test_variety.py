"""The choice of pairs: what it promises about hats, coverage, variety and repeatability."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import drawn_maps

from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.variety import DESCRIPTOR_SIZE, choose_pairs, hair_descriptor

HAIR, HAT, SKIN, EYE = SCHEME["hair"], SCHEME["hat"], SCHEME["skin"], SCHEME["left_eye"]
BELOW_EYES, BELOW_CHIN, LEFT = 5, 6, 7


def face(length: int, width: int = 24, size: int = 64, hat: int = 0) -> np.ndarray:
    """A face with eyes in row 30 and a chin in row 47, hair down to row `length`, and `hat` rows of hat."""
    labels = np.zeros((size, size), np.uint8)
    middle = size // 2
    labels[4:length, middle - width : middle + width] = HAIR
    labels[16:48, middle - 10 : middle + 10] = SKIN
    labels[30, middle - 5] = EYE
    labels[:hat] = HAT
    return labels


def faces(count: int, size: int = 64) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    return {f"{k:03}": face(int(random.integers(10, 64)), int(random.integers(11, 32)), size) for k in range(count)}


# Descriptor


def test_descriptor_entries_are_what_they_are_called():
    labels = face(64)
    hair = labels == HAIR
    descriptor = hair_descriptor(labels, SCHEME)
    y, x = np.nonzero(hair)
    assert descriptor.shape == (DESCRIPTOR_SIZE,)
    np.testing.assert_allclose(descriptor[:3], [hair.mean(), (y + 0.5).mean() / 64, (x + 0.5).mean() / 64])
    assert descriptor[BELOW_EYES] == pytest.approx((y > 30).mean())
    assert descriptor[BELOW_CHIN] == pytest.approx((y > 47).mean(), abs=0.03)
    assert descriptor[LEFT] == pytest.approx((x < 32).mean())
    np.testing.assert_allclose(descriptor[8:] * 4, hair.reshape(4, 16, 4, 16).mean((1, 3)).ravel())


def test_descriptor_of_no_hair_is_zero_and_of_all_hair_is_finite():
    assert not hair_descriptor(np.zeros((8, 8), np.uint8), SCHEME).any()
    assert np.isfinite(hair_descriptor(np.full((8, 8), HAIR, np.uint8), SCHEME)).all()


def test_descriptor_knows_the_side_and_the_length():
    labels = face(60)
    lopsided = labels.copy()
    lopsided[20:, 32:][lopsided[20:, 32:] == HAIR] = 0
    assert hair_descriptor(lopsided, SCHEME)[LEFT] > 0.6
    assert hair_descriptor(lopsided[:, ::-1], SCHEME)[LEFT] < 0.4
    assert hair_descriptor(labels, SCHEME)[BELOW_CHIN] > 0.1 > hair_descriptor(face(20), SCHEME)[BELOW_CHIN]


def test_descriptor_hardly_depends_on_the_resolution():
    labels = face(50)
    large = np.kron(labels, np.ones((4, 4), np.uint8))
    np.testing.assert_allclose(hair_descriptor(large, SCHEME), hair_descriptor(labels, SCHEME), atol=0.03)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_descriptor_is_in_the_unit_cube(height, width, seed):
    labels = np.random.default_rng(seed).integers(0, len(SCHEME), (height, width)).astype(np.uint8)
    descriptor = hair_descriptor(labels, SCHEME)
    assert (descriptor >= 0).all() and (descriptor <= 1).all()


# Pairs


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 9), st.integers(0, 100), st.data())
def test_pairs_are_distinct_balanced_and_repeatable(images, seed, data):
    maps = faces(images)
    count = data.draw(st.integers(0, images * (images - 1)))
    pairs = choose_pairs(maps, count, SCHEME, seed)
    assert len(set(pairs)) == len(pairs) == count
    assert all(identity != hair for identity, hair in pairs)
    assert pairs == choose_pairs(maps, count, SCHEME, seed)
    shuffled = data.draw(st.permutations(list(maps)))
    assert pairs == choose_pairs({name: maps[name] for name in shuffled}, count, SCHEME, seed)
    for role in (0, 1):
        uses = Counter(dict.fromkeys(maps, 0))
        uses.update(pair[role] for pair in pairs)
        assert max(uses.values()) - min(uses.values()) <= 2


def test_the_most_different_hairs_are_paired():
    maps = {"short": face(12), "shorter": face(10), "long": face(63), "longer": face(64)}
    pairs = choose_pairs(maps, 4, SCHEME, 0)
    assert all(identity.startswith("short") != hair.startswith("short") for identity, hair in pairs)


def test_pairs_are_more_different_than_chance():
    maps = faces(30)
    descriptors = {name: hair_descriptor(labels, SCHEME) for name, labels in maps.items()}

    def mean_distance(pairs):
        return np.mean([np.linalg.norm(descriptors[a] - descriptors[b]) for a, b in pairs])

    everything = [(a, b) for a in maps for b in maps if a != b]
    assert mean_distance(choose_pairs(maps, 45, SCHEME, 0)) > 1.2 * mean_distance(everything)


def test_the_seed_matters():
    maps = faces(20)
    assert len({tuple(choose_pairs(maps, 20, SCHEME, seed)) for seed in range(4)}) > 1


def test_equal_maps_can_be_paired():
    maps = dict.fromkeys(["a", "b", "c"], face(40))
    assert sorted(choose_pairs(maps, 6, SCHEME, 3)) == [(a, b) for a in "abc" for b in "abc" if a != b]


@pytest.mark.parametrize("images", [4, 5, 9])
def test_who_is_in_no_pair_yet_comes_first(images):
    maps = {str(index): face(40) for index in range(images)}
    pairs = choose_pairs(maps, (images + 1) // 2, SCHEME, 0)
    assert {name for pair in pairs for name in pair} == set(maps)


def test_hats_and_bald_heads_lend_no_hair():
    maps = faces(6) | {"hat": face(50, hat=8), "bald": face(0)}
    pairs = choose_pairs(maps, 30, SCHEME, 0)
    assert {"hat", "bald"}.isdisjoint(hair for _, hair in pairs)
    identities = {identity for identity, _ in pairs}
    assert "bald" in identities and "hat" not in identities


def test_a_scrap_of_hat_does_not_count():
    maps = {"a": face(20), "b": face(60)}
    maps["b"][0, :30] = HAT
    assert sorted(choose_pairs(maps, 2, SCHEME, 0)) == [("a", "b"), ("b", "a")]


def test_hats_are_identities_when_there_are_too_few():
    maps = {"a": face(20), "b": face(60), "hat": face(50, hat=8)}
    assert {identity for identity, _ in choose_pairs(maps, 2, SCHEME, 0)} == {"a", "b"}
    assert "hat" in {identity for identity, _ in choose_pairs(maps, 3, SCHEME, 0)}


def test_too_few_pairs_is_an_error_with_the_numbers():
    maps = faces(3) | {"hat": face(50, hat=8)}
    assert len(choose_pairs(maps, 9, SCHEME, 0)) == 9
    with pytest.raises(ValueError, match=r"4 identities and 3 usable hair references make 9 pairs.*10 were asked"):
        choose_pairs(maps, 10, SCHEME, 0)
    with pytest.raises(ValueError, match="make 0 pairs"):
        choose_pairs({}, 1, SCHEME, 0)
    with pytest.raises(ValueError, match="-1 pairs"):
        choose_pairs(maps, -1, SCHEME, 0)
    assert choose_pairs({}, 0, SCHEME, 0) == []


def test_the_papers_numbers_use_every_face_in_both_roles():
    """198 pairs of 120 faces: each is an identity once or twice, and a hair reference once or twice."""
    maps = {name: np.kron(labels, np.ones((8, 8), np.uint8)) for name, labels in faces(120).items()}
    pairs = choose_pairs(maps, 198, SCHEME, 0)
    assert len(set(pairs)) == 198
    for role in (0, 1):
        uses = Counter(pair[role] for pair in pairs)
        assert set(uses) == set(maps) and set(uses.values()) == {1, 2}
        assert set(Counter(pair[role] for pair in pairs).values()) <= {1, 2}


def test_maps_of_the_parser_are_all_used():
    maps = drawn_maps()
    assert len(maps) == 6
    pairs = choose_pairs(maps, len(maps), SCHEME, 0)
    assert {a for a, _ in pairs} == {b for _, b in pairs} == set(maps)
