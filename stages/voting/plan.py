"""Which comparisons a study has, which of them a person is asked, in which order, and what is on which side."""

import hashlib
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from stages.statistics.votes import IDENTICAL, LEFT, PRACTICE, RIGHT, Kind
from stages.voting.study_file import Check, Comparison, Study


class Shown(NamedTuple):
    """One side of a trial."""

    method: str
    picture: str


class Trial(NamedTuple):
    """What a person is asked.

    `comparison`: its number, -1 of a check. `pair`: the number of the pair. `expected`: the right side, or "".
    """

    kind: Kind
    comparison: int
    pair: int
    left: Shown
    right: Shown
    expected: str


def two_of(methods: Sequence[str], against: str | None) -> list[tuple[str, str]]:
    """Every two methods that are compared: all, or each with one of them."""
    return [two for two in combinations(methods, 2) if against is None or against in two]


def random_of(seed: int, code: str) -> np.random.Generator:
    """The random numbers of a person: the same for the same seed and code."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}/{code}".encode()).digest()))


def choose(comparisons: Sequence[Comparison], asked: np.ndarray, share: int, random: np.random.Generator) -> list[int]:
    """The comparisons of a person: those least asked, and of these as even over methods and pairs as can be.

    Args:
        comparisons: all of the study.
        asked: (comparisons,), how often each was asked of others.
        share: how many; all if there are fewer.
        random: decides where all else is equal.
    """
    _, duel = np.unique([" ".join(each.methods) for each in comparisons], return_inverse=True)
    pair = np.array([each.pair for each in comparisons])
    own_duel, own_pair = np.zeros(duel.max() + 1, dtype=int), np.zeros(pair.max() + 1, dtype=int)
    chance = random.random(len(comparisons))
    free = np.ones(len(comparisons), dtype=bool)
    found: list[int] = []
    for _ in range(min(share, len(comparisons))):
        least = np.flatnonzero(free)
        for counts in (asked, own_duel[duel], own_pair[pair]):
            least = least[counts[least] == counts[least].min()]
        best = int(least[np.argmin(chance[least])])
        free[best] = False
        own_duel[duel[best]] += 1
        own_pair[pair[best]] += 1
        found.append(best)
    return found


def trials_of(study: Study, code: str, asked: np.ndarray) -> list[Trial]:
    """All trials of a person: practice, then the comparisons in random order with the checks spread among them.

    The right side of the attention trials is left and right equally often, so who always chooses one side is found.

    Args:
        study: the study.
        code: the person's.
        asked: as in `choose`.
    """
    random = random_of(study.seed, code)
    chosen = choose(study.comparisons, asked, study.share, random)
    order = [_comparison(study, number, bool(random.integers(2))) for number in random.permutation(chosen).tolist()]
    for checks in (study.identical, study.attention):
        first = int(random.integers(2))
        sides = random.permutation([(first + k) % 2 for k in range(len(checks))])
        mixed = [checks[k] for k in random.permutation(len(checks))]
        ends = np.linspace(0, len(order), len(checks) + 1).round().astype(int)
        places = [int(random.integers(low, high + 1)) for low, high in pairwise(ends)]
        for k in reversed(range(len(checks))):
            order.insert(places[k], _check(mixed[k], bool(sides[k])))
    practice = [_check(check, bool(random.integers(2))) for check in study.practice]
    return [*practice, *order]


def trial_of(study: Study, trial: Trial) -> dict[str, object]:
    """What a person's page is told of a trial: pictures by their random names, and whether it is for practice."""
    sources = [each.model_dump() for each in study.pairs[trial.pair].sources]
    left, right = trial.left.picture, trial.right.picture
    return {"sources": sources, "left": left, "right": right, "practice": trial.kind == PRACTICE}


def pictures_of(study: Study, trial: Trial) -> list[str]:
    """The names of all pictures of a trial."""
    sources = [source.picture for source in study.pairs[trial.pair].sources]
    return [*sources, trial.left.picture, trial.right.picture]


def _comparison(study: Study, number: int, swapped: bool) -> Trial:
    of = study.comparisons[number]
    left, right = (Shown(method, study.pairs[of.pair].composites[method].picture) for method in of.methods)
    if swapped:
        left, right = right, left
    return Trial("comparison", number, of.pair, left, right, "")


def _check(check: Check, swapped: bool) -> Trial:
    left, right = Shown(check.method, check.picture), Shown(check.method, check.other)
    if swapped:
        left, right = right, left
    expected = "" if check.kind == IDENTICAL else RIGHT if swapped else LEFT
    return Trial(check.kind, -1, check.pair, left, right, expected)
