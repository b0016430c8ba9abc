"""Votes: exact intervals against scipy, strengths against a planted order, agreement against a published value."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit
from scipy.stats import binom
from simulated_votes import facts, simulated_answers, simulated_votes

from stages.statistics.agreement import agreement
from stages.statistics.bradley_terry import strengths, unbeaten
from stages.statistics.intervals import exact_share
from stages.statistics.preferences import (
    agreement_of,
    attention,
    chose_left,
    duels,
    places,
    predictions,
    ranking,
    shown_elsewhere,
    that_count,
)
from stages.statistics.votes import Votes, read, write

METHODS = ["alpha", "beta", "delta", "gamma"]
NUMBER = {method: k for k, method in enumerate(METHODS)}
TRUE = np.array([1.0, 0.3, -0.3, -1.0])


@pytest.mark.parametrize(("count", "n"), [(378, 396), (381, 395), (0, 7), (7, 7), (4, 9)])
def test_an_exact_interval_leaves_the_stated_chance_on_both_sides(count, n):
    found = exact_share(count, n, level=0.95)
    assert found.mean == count / n
    if count:
        assert binom.sf(count - 1, n, found.low) == pytest.approx(0.025, rel=1e-6)
    if count < n:
        assert binom.cdf(count, n, found.high) == pytest.approx(0.025, rel=1e-6)
    chances = binom.pmf(np.arange(n + 1), n, 0.5)
    assert found.p == pytest.approx(min(1, chances[chances <= chances[count] * (1 + 1e-7)].sum()))


def test_krippendorffs_alpha_is_that_of_his_example():
    """Krippendorff 2011, section C: four observers, twelve units, nominal data; alpha is 0.743."""
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    said = [(unit, value) for each in observers for unit, value in enumerate(each.replace(" ", "")) if value != "."]
    found = agreement(said)
    assert found.alpha == pytest.approx(0.743, abs=5e-4)
    assert found.questions == 11


def test_agreement_at_its_ends():
    alike = agreement([(question, question % 2) for question in range(4) for _ in range(3)])
    assert alike.alpha == alike.share == 1
    assert agreement([(0, "a"), (0, "b"), (1, "a"), (1, "b")]).alpha < 0
    assert np.isnan(agreement([(0, "a"), (0, "a")]).alpha), "chance agrees too where only one thing was said"
    assert agreement([(0, "a"), (1, "b")]).questions == 0


def test_chance_is_that_of_the_two_methods_compared():
    """Persons who know the methods alone agree by chance; who know the pairs too agree on more. Over 40 persons."""
    random = np.random.default_rng(0)
    blind = simulated_answers(random, 3 * TRUE, METHODS, raters=40, pairs=20, share=60)
    seeing = simulated_answers(random, 0 * TRUE, METHODS, raters=40, pairs=20, share=60, pair_spread=3.0)
    assert agreement_of(blind).share > 0.7 and abs(agreement_of(blind).alpha) < 0.03
    assert agreement_of(seeing).alpha > 0.4


def test_strengths_are_those_of_the_likelihood():
    answers = simulated_answers(np.random.default_rng(0), TRUE, METHODS, raters=15, pairs=12, share=20)
    won = np.where(answers["won"], answers["first"].map(NUMBER), answers["second"].map(NUMBER))
    lost = np.where(answers["won"], answers["second"].map(NUMBER), answers["first"].map(NUMBER))
    found = ranking(answers, METHODS)

    def loss(values):
        return -log_expit(values[won] - values[lost]).sum() + values.sum() ** 2

    best = minimize(loss, np.zeros(4), tol=1e-10).x
    assert found.values == pytest.approx(best - best.mean(), abs=1e-4)


@pytest.mark.parametrize(
    ("raters", "pairs", "of_raters", "of_pairs"),
    [(20, 20, 0.0, 0.0), (20, 20, 0.7, 0.0), (40, 12, 0.0, 0.7), (12, 12, 0.7, 0.7)],
)  # fmt: skip
def test_a_planted_order_is_found_and_its_intervals_cover(raters, pairs, of_raters, of_pairs):
    """Over 200 simulated studies, 1200 differences, the 95 % intervals hold the truth in 90 to 99 % of cases."""
    random = np.random.default_rng(1)
    sizes = {"raters": raters, "pairs": pairs, "rater_spread": of_raters, "pair_spread": of_pairs}
    true = TRUE
    if of_raters or of_pairs:  # what differs by person and pair draws the strengths of all together
        many = {**sizes, "raters": 300, "pairs": 300, "share": 300}
        true = ranking(simulated_answers(np.random.default_rng(9), TRUE, METHODS, **many), METHODS).values
    held, firsts, studies = [], 0, 200
    for _ in range(studies):
        found = ranking(simulated_answers(random, TRUE, METHODS, share=24, **sizes), METHODS)
        firsts += int(np.argmax(found.values) == 0)
        for i in range(4):
            for j in range(i):
                _, low, high, _ = found.difference(i, j, 0.95)
                held.append(low <= true[i] - true[j] <= high)
    assert 0.90 <= np.mean(held) <= 0.99
    assert firsts >= 0.9 * studies


def test_methods_that_are_alike_have_no_sure_place():
    """Of 200 studies of four equal methods, at most 10 % put any method above another."""
    random = np.random.default_rng(2)
    sure = 0
    for _ in range(200):
        found = ranking(simulated_answers(random, np.zeros(4), METHODS, raters=20, pairs=20, share=24), METHODS)
        sure += any(place != (1, 4) for place in places(found, 0.95))
    assert sure <= 20


def test_places_follow_from_clear_answers():
    answers = simulated_answers(np.random.default_rng(0), 2 * TRUE, METHODS, raters=60, pairs=30, share=40)
    assert places(ranking(answers, METHODS), 0.95) == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_a_method_that_always_wins_has_no_finite_strength():
    wins = np.array([[0, 3, 2], [0, 0, 1], [0, 2, 0]])
    assert unbeaten(wins) == [0]
    assert unbeaten(wins + 1 - np.eye(3)) == []
    assert strengths(np.array([0, 0, 0]), np.array([1, 1, 1]), "aab", "xyy", 2) is None
    answers = pd.DataFrame(
        {"rater": list("abab"), "pair": list("xxyy"), "first": "alpha", "second": "beta", "won": True}
    )
    assert ranking(answers, ["alpha", "beta"]) == ["alpha"]


def test_duels_count_answers_and_pairs():
    rows = [("x", True), ("x", True), ("x", False), ("y", False), ("z", True), ("z", False)]
    answers = pd.DataFrame({"rater": list("abcabc"), "pair": [p for p, _ in rows], "won": [w for _, w in rows]}).assign(
        first="alpha", second="beta"
    )
    (duel,) = duels(answers, {"beta": 0, "alpha": 1}, level=0.95)
    assert (duel.method, duel.other, duel.wins, duel.losses) == ("beta", "alpha", 3, 3)
    assert duel.pairs == (1, 1, 1)
    assert duel.p == 1


def test_the_rule_leaves_out_who_does_not_look():
    votes = simulated_votes(np.random.default_rng(3), TRUE, METHODS, raters=12, careless=3)
    out = {each.rater for each in attention(votes) if each.left_out}
    assert out == {"r009", "r010", "r011"}
    assert set(that_count(votes)["rater"]) == {f"r{k:03d}" for k in range(9)}
    assert chose_left(votes, 0.95).n == 12


def test_sides_do_not_matter():
    votes = simulated_votes(np.random.default_rng(4), TRUE, METHODS, raters=6)
    turned = votes.answers.assign(
        left=votes.answers["right"], right=votes.answers["left"],
        choice=votes.answers["choice"].map({"left": "right", "right": "left"}),
        expected=votes.answers["expected"].map({"left": "right", "right": "left", "": ""}),
    )  # fmt: skip
    pd.testing.assert_frame_equal(that_count(votes), that_count(Votes(turned, votes.facts)))


def metric(pairs, values, name, direction="higher"):
    rows = [
        {"protocol": "transfer", "method": method, "item": pair, "metric": name, "images": f"{pair}-a/{pair}-b",
         "value": value, "direction": direction}
        for pair in pairs for method, value in values(pair).items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_metric_that_orders_as_people_do_predicts_them_and_noise_does_not():
    random = np.random.default_rng(5)
    answers = simulated_answers(random, 3 * TRUE, METHODS, raters=20, pairs=30, share=40)
    pairs = sorted(set(answers["pair"]))
    frame = pd.concat(
        [
            metric(pairs, lambda _: dict(zip(METHODS, 3 * TRUE, strict=True)), "true"),
            metric(pairs, lambda _: dict(zip(METHODS, 3 * TRUE, strict=True)), "turned", "lower"),
            metric(pairs, lambda _: dict(zip(METHODS, random.normal(size=4), strict=True)), "noise"),
            metric(pairs, lambda _: dict.fromkeys(METHODS, 1.0), "equal"),
        ]
    )
    found = {each.metric: each for each in predictions(answers, frame, level=0.95, minimum=3)}
    assert list(found) == ["true", "noise", "turned"], "what is equal everywhere says nothing"
    assert found["true"].agrees.low > 0.8 and found["true"].p < 0.001
    assert found["turned"].agrees.mean == pytest.approx(1 - found["true"].agrees.mean)
    assert found["noise"].agrees.low < 0.5 < found["noise"].agrees.high
    assert found["true"].answers == len(answers)


def test_noise_predicts_the_answers_in_the_stated_share_of_studies_only():
    """Over 300 simulated studies, the 95 % interval of a metric without meaning holds 0.5 in 91 to 99 % of cases."""
    random = np.random.default_rng(6)
    held = []
    for _ in range(300):
        answers = simulated_answers(random, TRUE, METHODS, raters=8, pairs=20, share=20)
        frame = metric(
            sorted(set(answers["pair"])), lambda _: dict(zip(METHODS, random.normal(size=4), strict=True)), "noise"
        )
        (found,) = predictions(answers, frame, level=0.95, minimum=3)
        held.append(found.agrees.low <= 0.5 <= found.agrees.high)
    assert 0.91 <= np.mean(held) <= 0.99


def test_other_composites_than_the_runs_are_named():
    of_study = facts(METHODS[:2], composites={"alpha": {"x": "1", "y": "2"}, "beta": {"x": "3"}})
    assert shown_elsewhere(of_study, {"alpha": {"x": "1", "y": "other"}}) == [("y", "alpha"), ("x", "beta")]


def test_the_table_comes_back(tmp_path):
    votes = simulated_votes(np.random.default_rng(7), TRUE, METHODS, raters=3)
    write(votes, tmp_path / "votes.parquet")
    again = read(tmp_path / "votes.parquet")
    assert again.facts == votes.facts
    columns = ["rater", "pair", "left", "right", "choice", "ms"]
    key = [*columns, "time"]
    pd.testing.assert_frame_equal(
        again.answers[columns].sort_values(columns, ignore_index=True),
        votes.answers.sort_values(key)[columns].sort_values(columns, ignore_index=True),
        check_dtype=False,
    )


@pytest.mark.parametrize("change", [{"choice": "both"}, {"kind": "guess"}, {"expected": "up"}])
def test_a_table_with_other_words_is_refused(tmp_path, change):
    votes = simulated_votes(np.random.default_rng(7), TRUE, METHODS, raters=3)
    write(Votes(votes.answers.assign(**change), votes.facts), tmp_path / "votes.parquet")
    with pytest.raises(ValueError, match=f"column {next(iter(change))}"):
        read(tmp_path / "votes.parquet")


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "votes.parquet"
    path.write_bytes(b"PAR1 and more")
    with pytest.raises(ValueError, match="no table of votes"):
        read(path)
    votes = simulated_votes(np.random.default_rng(7), TRUE, METHODS, raters=3)
    write(votes, path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="no table of votes"):
        read(path)
    votes.answers = pd.concat([votes.answers, votes.answers.head(1)])
    write(votes, path)
    with pytest.raises(ValueError, match="twice"):
        read(path)
    turned = votes.answers.iloc[:1].rename(columns={"left": "right", "right": "left"}).assign(number=999)
    votes.answers = pd.concat([votes.answers.iloc[:-1], turned])
    write(votes, path)
    with pytest.raises(ValueError, match="twice"):
        read(path)
