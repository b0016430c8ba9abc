"""Pairs by chance and by pose: seeded, none twice, bins equally full, every image used about equally."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.variety import choose_pairs
from stages.strata.classes import RULES
from stages.strata.sampling import choose_at_random, choose_by_pose, choose_hard


def maps(count: int) -> dict[str, np.ndarray]:
    labels = np.zeros((32, 32), np.uint8)
    labels[:12], labels[12:24, 8:24] = SCHEME["hair"], SCHEME["skin"]
    return {f"{k:03}": labels for k in range(count)}


def yaws(count: int, spread: float, seed: int = 0) -> dict[str, float]:
    return {f"{k:03}": float(y) for k, y in enumerate(np.random.default_rng(seed).normal(0, spread, count))}


def bins_of(pairs, yaw, ends):
    return Counter(int(np.searchsorted(ends, abs(yaw[a] - yaw[b]))) for a, b in pairs)


STRATEGIES = {
    "random": lambda count, pairs, seed: choose_at_random(maps(count), pairs, SCHEME, seed),
    "pose": lambda count, pairs, seed: choose_by_pose(maps(count), yaws(count, 15), pairs, SCHEME, seed).pairs,
    "variety": lambda count, pairs, seed: choose_pairs(maps(count), pairs, SCHEME, seed),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(data=st.data(), count=st.integers(2, 7), seed=st.integers(0, 50))
def test_no_pair_twice_nobody_with_itself_and_the_same_again(strategy, data, count, seed):
    number = data.draw(st.integers(0, count * (count - 1)))
    pairs = STRATEGIES[strategy](count, number, seed)
    assert len(pairs) == len(set(pairs)) == number
    assert all(identity != hair for identity, hair in pairs)
    assert pairs == STRATEGIES[strategy](count, number, seed)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_seed_matters_and_the_order_of_the_images_does_not(strategy):
    assert STRATEGIES[strategy](12, 20, 0) != STRATEGIES[strategy](12, 20, 1)
    shuffled = dict(reversed(maps(12).items()))
    assert choose_by_pose(shuffled, yaws(12, 15), 20, SCHEME, 0).pairs == STRATEGIES["pose"](12, 20, 0)
    assert choose_at_random(shuffled, 20, SCHEME, 0) == STRATEGIES["random"](12, 20, 0)


@pytest.mark.parametrize(("images", "count"), [(60, 198), (30, 31), (40, 12)])
def test_poses_fill_the_fixed_bins_equally(images, count):
    yaw = yaws(images, 20)
    drawn = choose_by_pose(maps(images), yaw, count, SCHEME, 3)
    assert drawn.ends == (15.0, 30.0)
    sizes = bins_of(drawn.pairs, yaw, drawn.ends)
    assert sum(sizes.values()) == count and max(sizes.values()) - min(sizes.values()) <= 1


def test_faces_that_hardly_differ_are_divided_into_thirds():
    yaw = yaws(20, 4)
    drawn = choose_by_pose(maps(20), yaw, 30, SCHEME, 0)
    assert drawn.ends[0] < drawn.ends[1] < 15
    assert set(bins_of(drawn.pairs, yaw, drawn.ends).values()) == {10}


def test_the_fixed_bins_are_kept_by_chance_in_proportion():
    """By chance wide gaps are rare, which is why there is a strategy for them."""
    yaw = yaws(60, 10)
    assert bins_of(choose_at_random(maps(60), 198, SCHEME, 0), yaw, (15, 30))[2] < 30


def test_chance_draws_every_pair_equally_often():
    counted = Counter(pair for seed in range(600) for pair in choose_at_random(maps(4), 3, SCHEME, seed))
    assert len(counted) == 12
    assert all(abs(number - 150) < 5 * np.sqrt(150 * 0.75) for number in counted.values())


@pytest.mark.parametrize("spread", [12, 20])
def test_poses_use_every_image(spread):
    """With a spread of 12° one face is far off all others, and would be in every pair over 30°."""
    drawn = choose_by_pose(maps(40), yaws(40, spread), 120, SCHEME, 0)
    uses = Counter(name for pair in drawn.pairs for name in pair)
    assert len(uses) == 40 and max(uses.values()) <= 3 * 6
    assert (drawn.ends == (15.0, 30.0)) is (spread == 20)


def test_who_has_no_pose_is_in_no_pair():
    yaw = yaws(6, 15) | {"000": float("nan")}
    del yaw["001"]
    pairs = choose_by_pose(maps(6), yaw, 12, SCHEME, 0).pairs
    assert {"000", "001"}.isdisjoint(name for pair in pairs for name in pair)
    with pytest.raises(ValueError, match=r"4 identities and 4 usable hair references make 12 pairs.*13 were asked"):
        choose_by_pose(maps(6), yaw, 13, SCHEME, 0)


def test_hats_lend_no_hair_whatever_the_strategy():
    hats = maps(5)
    hats["002"] = hats["002"].copy()
    hats["002"][:4] = SCHEME["hat"]
    for pairs in (choose_at_random(hats, 8, SCHEME, 0), choose_by_pose(hats, yaws(5, 15), 8, SCHEME, 0).pairs):
        assert "002" not in {hair for _, hair in pairs}


def table(count: int, seed: int = 0) -> pd.DataFrame:
    """Strata of images of all kinds, as images.csv has them; the first has no face."""
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "image": [f"{k:03}" for k in range(count)],
            "yaw": rng.normal(0, 12, count),
            "hair_length": rng.uniform(0, 1.3, count),
            "fringe": rng.choice([0.0, 0.0, 0.4, 0.9], count),
            "tone": rng.uniform(-40, 60, count),
            "hair_cut": rng.choice([0.0, 0.0, 0.5], count),
            "hat": rng.choice(["no", "no", "no", "yes"], count),
            "glasses": rng.choice(["no", "no", "no", "yes"], count),
            "sharpness": np.ones(count),
            "square": np.full(count, np.nan),
        }
    )
    found.loc[0, ["yaw", "hair_length", "fringe", "tone"]] = np.nan
    found.loc[0, ["hat", "glasses"]] = "unknown"
    return found


def hard_by(images: pd.DataFrame, identity: str, hair: str) -> set[str]:
    """By which rules a pair is hard, from the numbers alone."""
    rows = images.set_index("image")
    a, b = rows.loc[identity], rows.loc[hair]
    rules = {
        "yaw_gap": abs(a.yaw - b.yaw) > 15,
        "long_to_short": a.hair_length > 1.05 and b.hair_length <= 0.6,
        "fringe_to_bare": a.fringe > 0.1 and b.fringe <= 0.1,
        "dark_and_light": min(a.tone, b.tone) <= 10 and max(a.tone, b.tone) > 41,
        "hat_or_glasses": "yes" in (a.hat, b.hat, a.glasses, b.glasses),
        "cut_by_frame": b.hair_cut > 0.2,
    }
    return {rule for rule, holds in rules.items() if holds}


@pytest.mark.parametrize("seed", range(3))
def test_every_rule_chooses_in_turn_and_each_pair_is_hard_by_one(seed):
    images = table(30, seed)
    pairs, counted = choose_hard(maps(30), images, 48, SCHEME, seed)
    assert len(set(pairs)) == 48 and list(counted) == ["yaw_gap", *RULES]
    found = [hard_by(images, *pair) for pair in pairs]
    assert all(found) and Counter(rule for rules in found for rule in rules) == counted
    assert min(counted.values()) >= 48 // 6, "a pair may be hard by several rules, and each has its turn"
    uses = Counter(name for pair in pairs for name in pair)
    assert max(uses.values()) <= 10 and len(uses) >= 25
    assert choose_hard(maps(30), images, 48, SCHEME, seed) == (pairs, counted)
    assert choose_hard(maps(30), images, 48, SCHEME, seed + 1)[0] != pairs


def test_a_rule_that_has_no_more_pairs_leaves_the_rest_to_the_others():
    images = table(20).assign(yaw=0.0, hat="no", glasses="no", fringe=0.0, hair_cut=0.0, tone=30.0, hair_length=0.8)
    images.loc[3, "yaw"] = 40.0
    images.loc[5, "hair_length"], images.loc[6, "hair_length"] = 1.2, 0.5
    pairs, counted = choose_hard(maps(20), images, 20, SCHEME, 0)
    assert counted == {"yaw_gap": 19, **dict.fromkeys(RULES, 0), "long_to_short": 1}
    assert ("005", "006") in pairs and sum("003" in pair for pair in pairs) == 19
    with pytest.raises(ValueError, match=r"of 380 pairs 39 are hard by a rule, and 40 were asked for"):
        choose_hard(maps(20), images, 40, SCHEME, 0)
