"""What the answers of a preference study say: whose count, which method wins against which, what predicts them."""

import math
from collections.abc import Mapping
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from stages.statistics.agreement import Agreement, agreement
from stages.statistics.bradley_terry import Strengths, strengths, unbeaten
from stages.statistics.comparison import holm
from stages.statistics.intervals import Interval, exact_share, mean_interval
from stages.statistics.table import items_of, rows
from stages.statistics.votes import ATTENTION, COMPARISON, IDENTICAL, LEFT, StudyFacts, Votes


class Attention(NamedTuple):
    """How a person did in the attention trials.

    `wrong` of `asked`. `left_out`: more are wrong than the study's rule allows, so no answer of this person counts.
    """

    rater: str
    asked: int
    wrong: int
    left_out: bool


class Duel(NamedTuple):
    """A method against another: answers, and pairs by the majority of their answers.

    `share`: of the answers that chose `method`, with the exact interval, which takes answers for independent. `pairs`:
    won, even, lost. `p`: of the exact sign test on the pairs that are not even, corrected by Holm for all duels.
    """

    method: str
    other: str
    wins: int
    losses: int
    share: Interval
    pairs: tuple[int, int, int]
    p: float


class Prediction(NamedTuple):
    """How often the better picture by a metric is the chosen one.

    `agrees`: mean over pairs with its interval, 0.5 by chance; `answers`: how many were looked at, those with equal
    values aside; `p`: of the test that it is chance, corrected by Holm for all metrics.
    """

    metric: str
    agrees: Interval
    answers: int
    p: float


def attention(votes: Votes) -> list[Attention]:
    """How every person did, in the order of their codes.

    Who stopped before the first attention trial is kept: the rule is about wrong answers.
    """
    found = []
    for rater, answers in votes.answers.groupby("rater", sort=True):
        asked = answers[answers["kind"] == ATTENTION]
        wrong = int((asked["choice"] != asked["expected"]).sum())
        found.append(Attention(str(rater), len(asked), wrong, wrong > votes.facts.allowed_wrong))
    return found


def that_count(votes: Votes) -> pd.DataFrame:
    """The comparisons that count: columns rater, pair, first, second (methods by name) and won, whether first was.

    Without those of persons whom the rule leaves out.
    """
    out = {each.rater for each in attention(votes) if each.left_out}
    answers = votes.answers[(votes.answers["kind"] == COMPARISON) & ~votes.answers["rater"].isin(out)]
    left, right = answers["left"].to_numpy(), answers["right"].to_numpy()
    chose_left = (answers["choice"] == LEFT).to_numpy()
    swapped = left > right
    return pd.DataFrame(
        {
            "rater": answers["rater"].to_numpy(),
            "pair": answers["pair"].to_numpy(),
            "first": np.where(swapped, right, left),
            "second": np.where(swapped, left, right),
            "won": chose_left ^ swapped,
        }
    )


def chose_left(votes: Votes, level: float) -> Interval:
    """How often the left one of two identical pictures was chosen, by all persons: a habit, not a judgement."""
    same = votes.answers[votes.answers["kind"] == IDENTICAL]
    return exact_share(int((same["choice"] == LEFT).sum()), len(same), level=level)


def duels(answers: pd.DataFrame, methods: Mapping[str, int], *, level: float) -> list[Duel]:
    """Every two methods that were compared, the one with the lower number first.

    Args:
        answers: as `that_count` gives them.
        methods: the number of every method, by which it is ordered.
        level: confidence of the intervals.
    """
    found = []
    for (first, second), of_two in answers.groupby(["first", "second"]):
        swapped = methods[str(first)] > methods[str(second)]
        won = of_two["won"].to_numpy(dtype=bool) ^ swapped
        method, other = (second, first) if swapped else (first, second)
        balance = np.sign(pd.Series(np.where(won, 1, -1)).groupby(of_two["pair"].to_numpy()).sum())
        pairs = (int((balance > 0).sum()), int((balance == 0).sum()), int((balance < 0).sum()))
        share = exact_share(int(won.sum()), len(won), level=level)
        p = exact_share(pairs[0], pairs[0] + pairs[2], level=level).p
        found.append(Duel(str(method), str(other), int(won.sum()), int((~won).sum()), share, pairs, p))
    found.sort(key=lambda duel: (methods[duel.method], methods[duel.other]))
    return [duel._replace(p=float(p)) for duel, p in zip(found, holm(np.array([d.p for d in found])), strict=True)]


def ranking(answers: pd.DataFrame, methods: list[str]) -> Strengths | list[str]:
    """The strengths of the methods in their order, or the names of those that keep them from being finite.

    An empty list: there are fewer than two raters or pairs.
    """
    number = {method: k for k, method in enumerate(methods)}
    first, second = (answers[column].map(number).to_numpy(dtype=int) for column in ("first", "second"))
    chosen = answers["won"].to_numpy(dtype=bool)
    won, lost = np.where(chosen, first, second), np.where(chosen, second, first)
    found = strengths(won, lost, answers["rater"].to_list(), answers["pair"].to_list(), len(methods))
    if found is not None:
        return found
    wins = np.zeros((len(methods), len(methods)))
    np.add.at(wins, (won, lost), 1)
    return [methods[k] for k in unbeaten(wins)]


def places(found: Strengths, level: float) -> list[tuple[int, int]]:
    """The best and the worst place that each method may have, by differences that are sure after Holm's correction."""
    n = len(found.values)
    two = [(i, j) for i in range(n) for j in range(i)]
    tested = [found.difference(i, j, level) for i, j in two]
    sure = holm(np.array([p for *_, p in tested])) < 1 - level
    above, below = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    for (i, j), (difference, *_), is_sure in zip(two, tested, sure, strict=True):
        if is_sure:
            better, worse = (i, j) if difference > 0 else (j, i)
            above[worse] += 1
            below[better] += 1
    return [(1 + int(above[k]), n - int(below[k])) for k in range(n)]


def agreement_of(answers: pd.DataFrame) -> Agreement:
    """How far the persons agree; the question is which of two methods is better on a pair, the answer a method.

    Chance is what the same two methods get on all pairs: alpha says whether the persons agree on where they differ.
    """
    chosen = np.where(answers["won"], answers["first"], answers["second"])
    questions = zip(answers["pair"], answers["first"], answers["second"], strict=True)
    return agreement(list(zip(questions, chosen.tolist(), strict=True)), _methods_of)


def _methods_of(question: object) -> object:
    _, first, second = cast("tuple[str, str, str]", question)
    return first, second


def predictions(answers: pd.DataFrame, frame: pd.DataFrame, *, level: float, minimum: int) -> list[Prediction]:
    """How well each metric of the transfer predicts the answers, the best first.

    A pair's value is the share of its answers that chose the picture with the better value. Its interval and its test
    are those of a mean over pairs that may share images.

    Args:
        answers: as `that_count` gives them, of composites that are those of the table.
        frame: the table of metrics.
        level: confidence of the intervals.
        minimum: a metric that is known of fewer of these pairs is left out.
    """
    items = items_of(frame)
    items = items[(items["protocol"] == "transfer") & items["item"].isin(set(answers["pair"]))]
    images = items.drop_duplicates("item").set_index("item")["images"]
    found = []
    for metric, of_metric in items.groupby("metric", sort=False):
        sign = 1 if of_metric["direction"].iloc[0] == "higher" else -1
        value = {(row.item, row.method): sign * row.value for row in rows(of_metric)}
        first, second = (
            np.array([value.get(key, math.nan) for key in zip(answers["pair"], answers[column], strict=True)])
            for column in ("first", "second")
        )
        with np.errstate(invalid="ignore"):  # infinity less infinity
            better = np.sign(first - second)
        told = np.isfinite(better) & (better != 0)
        agrees = (better > 0) == answers["won"].to_numpy(dtype=bool)
        of_pairs = pd.Series(agrees[told].astype(float)).groupby(answers["pair"].to_numpy()[told]).mean()
        if len(of_pairs) >= minimum:
            interval = mean_interval(of_pairs.to_numpy() - 0.5, images[of_pairs.index].to_list(), level=level)
            found.append((str(metric), interval, int(told.sum())))
    corrected = holm(np.array([interval.p for _, interval, _ in found]))
    told_all = [
        Prediction(
            metric,
            interval._replace(mean=interval.mean + 0.5, low=interval.low + 0.5, high=interval.high + 0.5),
            answers_,
            float(p),
        )
        for (metric, interval, answers_), p in zip(found, corrected, strict=True)
    ]
    return sorted(told_all, key=lambda each: (-each.agrees.mean, each.metric))


def shown_elsewhere(facts: StudyFacts, digests: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """The (pair, method) whose composite in the study is not the one of a run.

    Args:
        facts: of the study.
        digests: by method and pair the sha256 of the run's composites.
    """
    return [
        (pair, method)
        for method, of_method in facts.composites.items()
        for pair, digest in of_method.items()
        if digests.get(method, {}).get(pair) != digest
    ]
