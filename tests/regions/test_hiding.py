"""Maps hidden by the hair of others: what is known of them, and how what hides them is moved."""

import numpy as np
from support import drawn_maps

from stages.regions.hiding import LEAST_HIDDEN, hair_of, hidden_by_others, hide, moved
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19, to_16

SCHEME = CELEBAMASK_19
MAPS = list(drawn_maps().values())
HAIR = SCHEME["hair"]
FEATURES = [SCHEME[name] for name in ("left_eye", "right_eye", "nose", "mouth", "upper_lip", "lower_lip")]


def test_old_hair_hides_all_but_eyes_nose_mouth_and_the_own_hair():
    truth, old = MAPS[0], hair_of(MAPS[1], SCHEME)
    hidden = hide(truth, old, None, SCHEME)
    own = hair_of(truth, SCHEME)
    assert not (hidden.holes & np.isin(truth, FEATURES)).any() and not (hidden.holes & own).any()
    assert (hidden.holes == (old & ~own & np.isin(truth, SCHEME.hidden_indices))).all()
    assert (hidden.labels[~hidden.holes] == truth[~hidden.holes]).all()
    assert (hidden.labels[hidden.holes] == HAIR).all()


def test_under_new_hair_the_own_hair_leaves_holes_of_which_nobody_knows_what_is_there():
    truth, old, new = MAPS[0], hair_of(MAPS[1], SCHEME), hair_of(MAPS[2], SCHEME)
    hidden = hide(truth, old, new, SCHEME)
    may = np.isin(truth, [*SCHEME.hidden_indices, *SCHEME.indices("hair")])
    assert ((hidden.labels == HAIR) == (hidden.holes | (new & may) & (hidden.labels == HAIR))).all()
    assert (hidden.labels[new & may & ~hair_of(truth, SCHEME)] == HAIR).all()
    assert (hidden.holes == (((old | hair_of(truth, SCHEME)) & may) & ~(new & may))).all()


def test_every_map_is_hidden_by_another_chosen_by_the_seed():
    found = hidden_by_others(MAPS, SCHEME, 0)
    assert len(found) == len(MAPS) and all(case.holes.mean() >= LEAST_HIDDEN for case in found)
    again = hidden_by_others(MAPS, SCHEME, 0)
    assert all((a.holes == b.holes).all() for a, b in zip(found, again, strict=True))
    others = hidden_by_others(MAPS, SCHEME, 1)
    assert any((a.holes != b.holes).any() for a, b in zip(found, others, strict=True))


def test_a_mirrored_map_has_left_on_the_right():
    class Mirrors:
        def uniform(self, low, high, size=None):
            return np.zeros(size) if size else 0.0

        def random(self):
            return 0.0

    out = moved(MAPS[0], Mirrors(), SCHEME, 0.1, 0.1)
    assert (out[:, ::-1] == np.array(SCHEME.mirrored)[MAPS[0]]).all()
    sides = {SCHEME["left_ear"]: SCHEME["right_ear"], SCHEME["right_brow"]: SCHEME["left_brow"]}
    assert all(SCHEME.mirrored[a] == b for a, b in sides.items())
    assert sum(a != b for a, b in enumerate(SCHEME.mirrored)) == 6
    assert CELEBAMASK_16.mirrored == tuple(range(len(CELEBAMASK_16)))
    assert (to_16(out) == to_16(MAPS[0])[:, ::-1]).all()


def test_moves_stay_within_their_bounds():
    """Of a map that is skin on one side: the border moves by the shift and the scale at most."""
    labels = np.zeros((100, 100), np.uint8)
    labels[60:] = 1
    borders = []
    for seed in range(40):
        out = moved(labels, np.random.default_rng(seed), SCHEME, 0.05, 0.1)
        borders.append(int((out[:, 50] == 0).sum()))
        assert set(np.unique(out)) == {0, 1}
    assert min(borders) >= 60 - 5 - 1 - 1 and max(borders) <= 60 + 5 + 1 + 1 and len(set(borders)) > 5
