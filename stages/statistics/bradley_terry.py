"""Strengths of methods by the model of Bradley and Terry, with errors that know of raters and pairs.

The chance that method i is chosen over method j is 1 / (1 + exp(s_j - s_i)). Answers of one rater are not independent,
and neither are answers about one pair. The covariance is that of two ways of clustering: raters' and pairs' are added,
and that of what they share is taken off. Those of raters and of pairs are jackknives: a rater or pair is left out and
the strengths follow by one Newton step.

Sources: Bradley and Terry, Biometrika 39, 1952; the estimate is choix's (Maystre and Grossglauser, "Fast and accurate
inference of Plackett-Luce models", NIPS 2015). Two ways of clusters: Cameron, Gelbach and Miller, "Robust inference
with multiway clustering", JBES 29, 2011. The jackknife: MacKinnon, Nielsen and Webb, "Leverage, influence, and the
jackknife in clustered regression models", 2023.
"""

from collections.abc import Sequence
from typing import NamedTuple

import choix
import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from scipy.stats import t as student


class Strengths(NamedTuple):
    """What a study says of the methods' strengths.

    `values`: (methods,), log-odds; their sum is 0. `covariance`: (methods, methods). `degrees`: of freedom of Student's
    t, one less than the raters or the pairs, whichever are fewer.
    """

    values: np.ndarray
    covariance: np.ndarray
    degrees: int

    def contrast(self, weights: np.ndarray, level: float) -> tuple[float, float, float, float]:
        """A sum of strengths by weights (methods,) that sum to 0: value, low, high, and p of the test that it is 0."""
        value = float(weights @ self.values)
        error = float(np.sqrt(max(weights @ self.covariance @ weights, 0.0)))
        reach = float(student.ppf((1 + level) / 2, self.degrees)) * error
        p = float(2 * student.sf(abs(value) / error, self.degrees)) if error > 0 else 1.0
        return value, value - reach, value + reach, p

    def against_mean(self, method: int, level: float) -> tuple[float, float, float, float]:
        """A method's strength, of which 0 is the mean of all; as `contrast`."""
        weights = -np.ones(len(self.values)) / len(self.values)
        weights[method] += 1
        return self.contrast(weights, level)

    def difference(self, method: int, other: int, level: float) -> tuple[float, float, float, float]:
        """By how much a method is stronger than another; as `contrast`."""
        weights = np.zeros(len(self.values))
        weights[method], weights[other] = 1, -1
        return self.contrast(weights, level)


def strengths(
    won: np.ndarray, lost: np.ndarray, raters: Sequence[object], pairs: Sequence[object], methods: int
) -> Strengths | None:
    """The strengths of methods from answers.

    Args:
        won, lost: (answers,), the numbers of the methods that were chosen and not chosen.
        raters, pairs: of every answer.
        methods: how many there are.

    Returns:
        The strengths. None where they have no finite estimate: some methods were never chosen over the others, or never
        compared with them (`unbeaten` says which); or there are fewer than two raters or pairs.
    """
    wins = np.zeros((methods, methods))
    np.add.at(wins, (won, lost), 1)
    _, of_raters = np.unique(np.asarray(raters, dtype=str), return_inverse=True)
    _, of_pairs = np.unique(np.asarray(pairs, dtype=str), return_inverse=True)
    clusters = [int(each.max(initial=-1)) + 1 for each in (of_raters, of_pairs)]
    if unbeaten(wins) or min(clusters) < 2:
        return None
    values = np.asarray(choix.ilsr_pairwise_dense(wins, max_iter=10_000))
    values = values - values.mean()
    chance = expit(values[won] - values[lost])
    sides = np.zeros((len(won), methods))
    sides[np.arange(len(won)), won], sides[np.arange(len(won)), lost] = 1, -1
    scores, weights = (1 - chance)[:, None] * sides, chance * (1 - chance)
    information = sides.T @ (weights[:, None] * sides)
    by_rater, by_pair = (
        _jackknife(scores, sides, weights, information, groups, count)
        for groups, count in zip((of_raters, of_pairs), clusters, strict=True)
    )
    _, both = np.unique(of_raters * clusters[1] + of_pairs, return_inverse=True)
    inverse = np.linalg.pinv(information, hermitian=True)
    sums = _summed(scores, both, int(both.max()) + 1)
    of_both = inverse @ (sums.T @ sums) @ inverse
    return Strengths(values, _no_less(by_rater + by_pair - of_both, by_rater, by_pair), min(clusters) - 1)


def unbeaten(wins: np.ndarray) -> list[int]:
    """The methods that keep strengths from being finite: a group that was never beaten by the rest; else empty.

    Args:
        wins: (methods, methods), how often the row was chosen over the column.

    Source: Ford, "Solution of a ranking problem from binary comparisons", Amer. Math. Monthly 64, 1957.
    """
    count, group = connected_components(wins, directed=True, connection="strong")
    if count == 1:
        return []
    for each in range(count):
        inside = group == each
        if not wins[np.ix_(~inside, inside)].any():
            return np.flatnonzero(inside).tolist()
    raise AssertionError("a graph of groups without a cycle has a source")


def _summed(scores: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Sums of scores by group: (groups, methods)."""
    sums = np.zeros((count, scores.shape[1]))
    np.add.at(sums, groups, scores)
    return sums


def _jackknife(
    scores: np.ndarray, sides: np.ndarray, weights: np.ndarray, information: np.ndarray, groups: np.ndarray, count: int
) -> np.ndarray:
    """The covariance of the jackknife that leaves out one group at a time."""
    sums = _summed(scores, groups, count)
    moved = np.empty_like(sums)
    for group in range(count):
        inside = groups == group
        own = sides[inside].T @ (weights[inside, None] * sides[inside])
        moved[group] = np.linalg.pinv(information - own, hermitian=True) @ sums[group]
    moved -= moved.mean(0)
    return np.asarray((count - 1) / count * moved.T @ moved)


def _no_less(covariance: np.ndarray, *least: np.ndarray) -> np.ndarray:
    """The covariance, or the largest of `least` where it says less: what is taken off may be too much by chance."""
    return max((covariance, *least), key=lambda matrix: float(np.trace(matrix)))
