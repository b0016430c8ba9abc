"""Orders of methods by their means, and which of them survive a change: ranks, Kendall's tau, who changes place."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau, rankdata


class Order(NamedTuple):
    """How methods are ordered by a metric.

    `n`: items that the means are over. `means`: (methods,). `ranks`: (methods,), 1 for the best; equal means share one.
    """

    n: int
    means: np.ndarray
    ranks: np.ndarray

    @property
    def leaders(self) -> frozenset[int]:
        """The numbers of the methods of rank 1: several if their means are equal."""
        return frozenset(np.flatnonzero(self.ranks == 1).tolist())


def order_of(values: np.ndarray, higher_is_better: bool) -> Order | None:
    """The order of methods by their means over the items that have a value of every method.

    An infinite value counts as what it is: a PSNR of infinity is an image identical to what it is held against.

    Args:
        values: (items, methods), nan where there is none.
        higher_is_better: the direction of the metric.

    Returns:
        The order, or None if no item has a value of every method.
    """
    common = values[~np.isnan(values).any(1)]
    if not len(common):
        return None
    means = common.mean(0)
    return Order(len(common), means, rankdata(-means if higher_is_better else means, method="min").astype(int))


def tau(order: Order, other: Order) -> float:
    """Kendall's tau-b of two orders of the same methods, in [-1, 1]: 1 for the same order, -1 for the reverse.

    It is nan where one of the two sets all methods equal, or there is one method only.
    Source: Kendall, Biometrika 33, 1945, through scipy.
    """
    if len(order.ranks) < 2:
        return float("nan")
    return float(kendalltau(order.ranks, other.ranks).statistic)


def moved(order: Order, other: Order) -> list[int]:
    """The numbers of the methods whose rank is not the same in both."""
    return np.flatnonzero(order.ranks != other.ranks).tolist()


def steady_groups(orders: Sequence[Order]) -> list[list[int]]:
    """The order that all orders share, from best to worst: groups of methods, by number.

    A method of an earlier group is before each of a later group in every order. Within a group no such cut is possible.
    Of n methods, n groups mean that the whole order survives, one group that nothing does.
    """
    ranks = np.stack([order.ranks for order in orders])
    first = np.argsort(ranks[0], kind="stable").tolist()
    groups: list[list[int]] = [[]]
    for k, method in enumerate(first):
        if k and (ranks[:, first[:k]].max(1) < ranks[:, first[k:]].min(1)).all():
            groups.append([])
        groups[-1].append(method)
    return groups


def halves(items: Sequence[str], splits: int, seed: int) -> list[tuple[list[str], list[str]]]:
    """Random halves of the items, disjoint and together all of them; the second has one more if their number is odd.

    Args:
        items: what is split; fewer than 2 have no halves.
        splits: how many times, no split twice; where there are not so many, each once.
        seed: of the splits.
    """
    middle = len(items) // 2
    possible = math.comb(len(items), middle) // (2 if len(items) % 2 == 0 else 1) if middle else 0
    random = np.random.default_rng(seed)
    found: dict[frozenset[frozenset[int]], tuple[list[str], list[str]]] = {}
    while len(found) < min(splits, possible):
        shuffled = random.permutation(len(items)).tolist()
        first, second = sorted(shuffled[:middle]), sorted(shuffled[middle:])
        both = [items[k] for k in first], [items[k] for k in second]
        found.setdefault(frozenset({frozenset(first), frozenset(second)}), both)
    return list(found.values())
