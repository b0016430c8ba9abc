"""What a person is asked: the same for the same code, in no order that tells anything, and even over all persons."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest

from stages.statistics.votes import ATTENTION, COMPARISON, IDENTICAL, PRACTICE
from stages.voting.plan import choose, trials_of, two_of
from stages.voting.study_file import Comparison, Study

NOBODY = np.zeros(9, dtype=int)


def many(pairs: int, methods: str = "abcd") -> list[Comparison]:
    return [Comparison(pair=k, methods=two) for k in range(pairs) for two in two_of(methods, None)]


def test_which_two_are_compared():
    assert two_of(["a", "b", "c"], None) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert two_of(["a", "b", "c"], "b") == [("a", "b"), ("b", "c")]


def test_a_code_always_gets_the_same_trials_and_another_one_others(opened):
    trials = trials_of(opened.study, "one", NOBODY)
    assert trials == trials_of(opened.study, "one", NOBODY)
    assert trials != trials_of(opened.study, "two", NOBODY)


def test_a_person_gets_every_kind_and_no_comparison_twice(opened):
    trials = trials_of(opened.study, "one", NOBODY)
    assert Counter(trial.kind for trial in trials) == {COMPARISON: 9, ATTENTION: 3, IDENTICAL: 1, PRACTICE: 1}
    assert trials[0].kind == PRACTICE
    assert sorted(t.comparison for t in trials if t.kind == COMPARISON) == list(range(9))
    for trial in trials:
        composites = opened.study.pairs[trial.pair].composites
        if trial.kind == COMPARISON:
            shown = {trial.left.method: trial.left.picture, trial.right.method: trial.right.picture}
            assert set(shown) == set(opened.study.comparisons[trial.comparison].methods)
            assert all(composites[method].picture == picture for method, picture in shown.items())
        else:
            assert trial.left.method == trial.right.method and trial.left.picture != trial.right.picture
        assert bool(trial.expected) == (trial.kind in (ATTENTION, PRACTICE))


def test_the_expected_side_is_that_of_the_undamaged_picture(opened):
    whole = {check.picture for check in opened.study.checks}
    for code in map(str, range(20)):
        for trial in trials_of(opened.study, code, NOBODY):
            if trial.expected:
                assert {"left": trial.left, "right": trial.right}[trial.expected].picture in whole


def test_who_always_chooses_one_side_fails_more_trials_than_the_default_rule_allows(make_study, tmp_path):
    """Of five attention trials two or three have the right answer on the left, whatever the code."""
    study = make_study(tmp_path / "study", attention=5).study
    for code in map(str, range(50)):
        sides = Counter(t.expected for t in trials_of(study, code, NOBODY) if t.kind == ATTENTION)
        assert set(sides.values()) == {2, 3}


def test_sides_and_places_are_by_chance(opened):
    """Over 400 persons: a method is on the left in about half of the cases, and a check may be anywhere."""
    left = Counter()
    places = Counter()
    for code in map(str, range(400)):
        for place, trial in enumerate(trials_of(opened.study, code, NOBODY)):
            if trial.kind == COMPARISON:
                left[trial.comparison] += trial.left.method == opened.study.comparisons[trial.comparison].methods[0]
            if trial.kind == ATTENTION:
                places[place] += 1
    assert all(binomtest(count, 400).pvalue > 1e-4 for count in left.values())
    assert set(places) == set(range(1, 14))


@pytest.mark.parametrize(("share", "persons"), [(12, 40), (7, 30), (100, 3)])
def test_shares_are_even_over_persons_methods_and_pairs(share, persons):
    comparisons = many(10)
    asked = np.zeros(len(comparisons), dtype=int)
    for k in range(persons):
        chosen = choose(comparisons, asked, share, np.random.default_rng(k))
        assert len(set(chosen)) == len(chosen) == min(share, len(comparisons))
        asked[chosen] += 1
        assert asked.max() - asked.min() <= 1
        if k == 0:
            two = Counter(comparisons[c].methods for c in chosen)
            of_pairs = Counter(comparisons[c].pair for c in chosen)
            assert max(two.values()) - min(two.get(each, 0) for each in two_of("abcd", None)) <= 1
            assert max(of_pairs.values()) <= -(-len(chosen) // 10) + 1


def test_a_share_of_many_comparisons_is_drawn_soon():
    """3,000 pairs and six methods: 45,000 comparisons. Nothing is timed; a plain loop over them would take minutes."""
    comparisons = many(3000, "abcdef")
    chosen = choose(comparisons, np.zeros(len(comparisons), dtype=int), 30, np.random.default_rng(0))
    assert len({comparisons[c].pair for c in chosen}) == 30


def test_the_study_is_what_was_asked_for(make_study, tmp_path):
    study: Study = make_study(tmp_path / "one", against="poisson", draw=2, seed=3).study
    assert len(study.pairs) == 2
    assert all("poisson" in comparison.methods for comparison in study.comparisons)
    again = make_study(tmp_path / "two", against="poisson", draw=2, seed=3).study
    assert [pair.pair for pair in again.pairs] == [pair.pair for pair in study.pairs]
    assert again.token != study.token
    others = {make_study(tmp_path / f"seed{k}", seed=None).study.seed for k in range(2)}
    assert len(others) == 2
