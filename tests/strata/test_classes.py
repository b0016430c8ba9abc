"""Strata: classes by their bounds, thirds of a run, and every item in one stratum of every kind."""

import numpy as np
import pandas as pd
import pytest

from stages.regions.pair import Pair
from stages.strata import classes
from stages.strata.classes import DIFFICULTY, IDENTITY, IMAGE_KINDS, ORDER, PAIR_KINDS, REFERENCE, UNKNOWN, strata_of
from stages.strata.files import face_bytes, image_table, pair_table, read_face, read_images, read_pair_strata
from stages.strata.files import table_bytes as as_csv

NAN = float("nan")
VALUES = {
    "yaw": 0.0, "pitch": 1.0, "roll": 0.0, "eye_distance": 256.0, "hair_length": 0.9, "fringe": 0.2, "hair_share": 0.3,
    "hair_cut": 0.0, "hat": "no", "glasses": "unknown", "sharpness": 40.0, "tone": 30.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "stratum"),
    [(0, "yaw up to 15°"), (15, "yaw up to 15°"), (15.1, "yaw 15 to 30°"), (30.1, "yaw over 30°"), (NAN, UNKNOWN)],
)
def test_a_class_has_its_upper_end(value, stratum):
    assert classes.classed(pd.Series([value], dtype=float), classes.POSE) == [stratum]


def test_tones_are_those_of_the_source():
    angles = pd.Series([60.0, 50.0, 35.0, 20.0, 0.0, -40.0])
    assert classes.classed(angles, classes.TONE) == ["very light", "light", "intermediate", "tan", "brown", "dark"]


@pytest.mark.parametrize("count", range(3, 20))
def test_thirds_differ_by_one_item_at_most(count):
    values = pd.Series(np.random.default_rng(count).permutation(count).astype(float))
    found = classes.thirds(values, DIFFICULTY)
    sizes = [found.count(name) for name in DIFFICULTY]
    assert sum(sizes) == count and max(sizes) - min(sizes) <= 1
    assert max(values[[f == "easy" for f in found]]) < min(values[[f == "hard" for f in found]])


def test_equal_values_are_in_one_third_and_too_few_in_none():
    assert len(set(classes.thirds(pd.Series([1.0] * 7), DIFFICULTY))) == 1
    assert classes.thirds(pd.Series([1.0, 2.0, NAN]), DIFFICULTY) == [UNKNOWN] * 3
    assert classes.thirds(pd.Series([1.0, 2.0, 3.0, NAN]), DIFFICULTY) == [*DIFFICULTY, UNKNOWN]


@pytest.fixture
def tables(tmp_path):
    """Twelve images that turn further and further, one without a face and one that failed; and pairs of them."""
    random = np.random.default_rng(0)
    base = random.normal(500, 80, (68, 2))
    names = [f"i{k:02}" for k in range(12)]
    faces = {name: (VALUES | {"yaw": 3.0 * k}, base + k) for k, name in enumerate(names)}
    faces |= {"blank": ({key: v if isinstance(v, str) else NAN for key, v in VALUES.items()}, None), "lost": None}
    read = {}
    for name, face in faces.items():
        path = tmp_path / f"{name}.json"
        path.write_bytes(b"" if face is None else face_bytes(*face))
        read[name] = read_face(path)
    images = image_table(read, {"i00": 173, "i01": 1024})
    pairs = [Pair(f"p{k}", "i00", {"hair": name}) for k, name in enumerate(names[1:])]
    pairs += [Pair("bad", "i00", {"hair": "blank"}), Pair("swap", "i02", {"eyes": "i09"})]
    found = pair_table(pairs, images, {name: face and face[1] for name, face in read.items()})
    (tmp_path / "images.csv").write_bytes(as_csv(images))
    (tmp_path / "pairs.csv").write_bytes(as_csv(found))
    return read_images(tmp_path / "images.csv"), read_pair_strata(tmp_path / "pairs.csv"), images, found


def test_what_is_written_reads_back(tables):
    pd.testing.assert_frame_equal(tables[0], tables[2], check_dtype=False)
    pd.testing.assert_frame_equal(tables[1], tables[3], check_dtype=False)


def test_pairs_have_gap_distance_and_difficulty(tables):
    images, pairs = tables[:2]
    assert list(pairs["yaw_gap"][:11]) == [3.0 * k for k in range(1, 12)]
    assert list(pairs["pose_different"][:11]) == ["no"] * 5 + ["yes"] * 6
    assert pairs["landmark_distance"][:11].is_monotonic_increasing
    assert pairs.loc[pairs["pair"] == "swap", "reference"].item() == "i09"
    counted = pairs["difficulty"].value_counts()
    assert counted[list(DIFFICULTY)].tolist() == [4, 4, 4] and counted[""] == 1
    assert list(images["square"].dropna()) == [173, 1024]


def test_who_has_no_face_is_named_and_in_no_stratum_of_pose(tables):
    images, pairs = tables[:2]
    assert dict(zip(images["image"], images["note"], strict=True))["blank"] == "no face found"
    assert dict(zip(images["image"], images["note"], strict=True))["lost"] == "failed before"
    bad = pairs[pairs["pair"] == "bad"].iloc[0]
    assert np.isnan(bad["yaw_gap"]) and bad["difficulty"] == bad["pose_different"] == ""
    assert bad["note"] == "no face found in blank"
    strata = strata_of(images, pairs).set_index(["item", "kind"])["stratum"]
    assert strata["blank", "pose"] == strata["lost", "hat"] == strata["bad", "yaw_gap"] == UNKNOWN


def test_the_strata_of_a_kind_hold_every_item_once(tables):
    images, pairs = tables[:2]
    strata = strata_of(images, pairs)
    kinds = [*IMAGE_KINDS, *PAIR_KINDS, *(f"{kind} {role}" for kind in IMAGE_KINDS for role in (IDENTITY, REFERENCE))]
    assert set(strata["kind"]) == set(kinds)
    for kind, group in strata.groupby("kind"):
        items = images["image"] if kind in IMAGE_KINDS else pairs["pair"]
        assert sorted(group["item"]) == sorted(items), kind
        assert set(group["stratum"]) <= {*ORDER[kind.partition(" ")[0]], UNKNOWN}
    gaps = strata[strata["kind"] == "yaw_gap"]["stratum"].value_counts()
    assert gaps.to_dict() == {"over 15°": 7, "up to 15°": 5, UNKNOWN: 1}
    of_reference = strata[strata["kind"] == f"pose {REFERENCE}"].set_index("item")["stratum"]
    assert of_reference["p10"] == "yaw over 30°" and of_reference["p0"] == "yaw up to 15°"
