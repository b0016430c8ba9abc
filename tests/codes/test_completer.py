"""The completer of label maps: what it learns from, that it learns, and what it makes of a hole."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support import drawn_maps, seeded
from torch.nn import functional

from stages.codes import completer_training as training
from stages.codes.completing import completed, floating
from stages.nets.completer_net import SIZE, Completer, share, shares
from stages.regions.hiding import hair_of
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19

SCHEME = CELEBAMASK_19
PARAMS = {"seed": 0, "width": 8, "faces": 6, "batch": 4, "steps": 60, "rate": 0.005}
CPU = torch.device("cpu")
BACKGROUND, SKIN, NECK, CLOTHES, HAIR = (SCHEME[name] for name in ("background", "skin", "neck", "clothes", "hair"))


def portraits(count: int) -> np.ndarray:
    """Heads of 128 px on necks and clothes, with more or less hair around; each has its own size and place."""
    rng, found = np.random.default_rng(0), []
    y, x = np.mgrid[:128, :128]
    for _ in range(count):
        middle, radius, hair = 64 + rng.uniform(-4, 4), rng.uniform(24, 30), rng.uniform(4, 30)
        labels = np.full((128, 128), BACKGROUND, np.uint8)
        labels[y > 110] = CLOTHES
        labels[(abs(x - middle) < radius / 2) & (y > 64)] = NECK
        away = np.hypot(x - middle, y - 60)
        labels[(away < radius + hair) & ((y < 60) | (away > radius)) & (y < 60 + 2 * hair)] = HAIR
        labels[away < radius] = SKIN
        found.append(labels)
    return np.stack(found)


def test_it_learns_what_is_hidden():
    """On heads that it has not seen, under long hair: wrong on fewer than half of the pixels where one label is."""
    maps = portraits(40)
    completer = training.train(maps[:32], SCHEME, {**PARAMS, "steps": 320, "rate": 0.01}, torch.float32, CPU)
    longest = hair_of(max(maps[:32], key=lambda labels: (labels == HAIR).sum()), SCHEME)
    right, plain, doubts, doubts_of_wrong = [], [], [], []
    for truth in maps[32:]:
        hidden = training.hide(truth, longest, None, SCHEME)
        filled, doubt = completed(completer, hidden.labels, hidden.holes, SCHEME)
        right.append((filled == truth)[hidden.holes].mean())
        plain.append(max((truth == label)[hidden.holes].mean() for label in SCHEME.hidden_indices))
        doubts.append(doubt[hidden.holes])
        doubts_of_wrong.append(doubt[hidden.holes & (filled != truth)])
    assert 1 - np.mean(right) < (1 - np.mean(plain)) / 2 and min(right) > 0.9
    assert np.concatenate(doubts_of_wrong).mean() > 2 * np.concatenate(doubts).mean(), (
        "it doubts more where it is wrong"
    )


def test_the_same_seed_gives_the_same_weights():
    maps = np.stack(list(drawn_maps().values()))
    seeds = (0, 0, 1)
    nets = []
    for seed in seeds:
        steps = []
        params = {**PARAMS, "seed": seed, "steps": 2}
        net = training.train(
            maps, SCHEME, params, torch.float32, CPU, lambda n, of, x, to=steps: to.append((n, of, len(x)))
        )
        assert steps == [(1, 2, 4), (2, 2, 4)]
        nets.append(net.state_dict())
    assert all(torch.equal(x, nets[1][name]) for name, x in nets[0].items())
    assert not torch.equal(nets[0]["read.weight"], nets[2]["read.weight"])


def test_only_what_is_known_of_a_hole_counts():
    logits = torch.zeros(2, 9, SIZE, SIZE)
    truth = torch.zeros(2, 9, SIZE, SIZE)
    assert training.loss(logits, truth).tolist() == [0, 0]
    truth[0, 3, :40] = 1
    logits[0, 3] = 50
    logits[1, 4, 10] = 50  # of which nothing is known
    assert training.loss(logits, truth).tolist() == pytest.approx([0, 0])
    logits[0, 5] = 50
    held = 40 * SIZE / (40 * SIZE + training.SMALL_HOLE)
    assert training.loss(logits, truth)[0].item() == pytest.approx(held * np.log(2), rel=1e-4)


@pytest.mark.parametrize("scheme", [CELEBAMASK_19, CELEBAMASK_16])
def test_known_pixels_stay_and_holes_get_what_hair_may_hide(scheme):
    labels = next(iter(drawn_maps().values())) % len(scheme)
    holes = np.zeros((512, 512), bool)
    holes[100:300, 200:400] = True
    completer = seeded(Completer(scheme, 4))
    filled, doubt = completed(completer, labels, holes, scheme)
    assert filled.dtype == np.uint8 and (filled[~holes] == labels[~holes]).all()
    assert set(np.unique(filled[holes])) <= set(scheme.hidden_indices)
    assert (doubt[~holes] == 0).all() and (doubt >= 0).all() and (doubt < 1).all() and doubt[holes].max() > 0
    again, _ = completed(completer, np.where(holes, 0, labels).astype(np.uint8), holes, scheme)
    assert (again == filled).all(), "what stands in a hole does not count"


def test_doubt_is_what_the_probability_of_the_label_leaves():
    completer = seeded(Completer(SCHEME, 4))
    labels, holes = next(iter(drawn_maps().values())), np.ones((512, 512), bool)
    filled, doubt = completed(completer, labels, holes, SCHEME)
    none = torch.zeros(1, 512, 512, dtype=torch.bool)
    logits = completer(shares(torch.from_numpy(labels)[None], SCHEME, none), share(~none))
    full = functional.interpolate(logits, 512, mode="bilinear").softmax(1)[0]
    of_label = full[[SCHEME.hidden_indices.index(label) for label in filled[:, 7].tolist()], range(512), 7]
    np.testing.assert_allclose(doubt[:, 7], 1 - of_label, atol=1e-6)


def test_shares_are_the_means_of_masks():
    labels = torch.randint(len(SCHEME), (2, 128, 256), generator=torch.Generator().manual_seed(0)).byte()
    where = torch.rand(2, 128, 256, generator=torch.Generator().manual_seed(1)) < 0.5
    found = shares(labels, SCHEME, where)
    for label in range(len(SCHEME)):
        expected = functional.avg_pool2d(((labels == label) & where)[:, None].float(), (2, 4))[:, 0]
        torch.testing.assert_close(found[:, label], expected)


def test_another_scheme_is_refused(refused):
    labels, holes = np.zeros((512, 512), np.uint8), np.ones((512, 512), bool)
    refused(
        "target.fill: its network knows the labels celebamask-16, networks.parser celebamask-19; train one with",
        completed, Completer(CELEBAMASK_16, 4), labels, holes, SCHEME,
    )  # fmt: skip


def test_faces_are_drawn_at_a_truncation_each_and_parsed(small_generator):
    """A stand-in for the parser reads brightness; the same seed draws the same, and a longer list begins alike."""

    def logits(image):
        assert image.shape == (1, 3, 128, 128), "a generator of less than 512 px gives all that it has"
        grey = image.mean(1) - image.mean()
        return torch.stack([grey, -grey], 1)

    parser, told = SimpleNamespace(logits=logits), []
    maps = training.drawn_maps(
        small_generator, small_generator, parser, 3, 5, lambda n, of, x: told.append((n, of, x.item()))
    )
    assert maps.shape == (3, 128, 128) and maps.dtype == np.uint8 and set(np.unique(maps)) == {0, 1}
    assert (training.drawn_maps(small_generator, small_generator, parser, 2, 5) == maps[:2]).all()
    assert (maps[0] != maps[1]).any()
    assert [each[:2] for each in told] == [(1, 3), (2, 3), (3, 3)] and all(0.5 <= each[2] <= 1 for each in told)


def test_what_hair_divides_from_the_known_head_is_floating():
    """Known skin with a filled ear and a filled forehead; beyond hair a strip of skin and ears."""
    ear = SCHEME["left_ear"]
    labels, holes = np.full((128, 128), BACKGROUND, np.uint8), np.zeros((128, 128), bool)
    labels[40:80, 40:80], labels[40:80, 80:90] = SKIN, HAIR
    expected = np.zeros((128, 128), bool)
    for rows, columns, label, apart in (
        (slice(50, 60), slice(38, 40), ear, False), (slice(30, 40), slice(40, 80), SKIN, False),
        (slice(40, 80), slice(90, 94), SKIN, True), (slice(50, 60), slice(94, 98), ear, True),
        (slice(100, 110), slice(10, 20), ear, True),
    ):  # fmt: skip
        labels[rows, columns], holes[rows, columns], expected[rows, columns] = label, True, apart
    labels[110:, 100:] = SCHEME["right_ear"]  # known, so it stays
    assert np.array_equal(floating(labels, holes, SCHEME), expected)


def test_what_would_float_becomes_the_best_of_what_is_behind(monkeypatch):
    """A network that sees an ear everywhere, else skin or clothes: an ear stays in the hole beside the skin alone."""
    completer = Completer(SCHEME, 4)
    scores = torch.zeros(1, len(SCHEME.hidden_indices), SIZE, SIZE)
    for label, score in ((SCHEME["left_ear"], 3.0), (CLOTHES, 2.0), (SKIN, 2.5)):
        scores[0, SCHEME.hidden_indices.index(label)] = score
    monkeypatch.setattr(completer, "forward", lambda *_: scores)
    labels = np.full((128, 128), HAIR, np.uint8)
    labels[:, :40] = SKIN
    holes = np.zeros((128, 128), bool)
    holes[:, 40:44], holes[:, 100:104] = True, True
    filled, doubt = completed(completer, labels, holes, SCHEME)
    assert (filled[:, 40:44] == SCHEME["left_ear"]).all() and (filled[:, 100:104] == CLOTHES).all()
    probability = scores[0, :, 0, 0].softmax(0)
    assert doubt[0, 42] == pytest.approx(1 - probability.max().item(), abs=1e-6)
    assert doubt[0, 102] == pytest.approx(1 - probability[SCHEME.hidden_indices.index(CLOTHES)].item(), abs=1e-6)
    assert (filled[~holes] == labels[~holes]).all() and not doubt[~holes].any()
