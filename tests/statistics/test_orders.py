"""Orders of methods: Kendall's tau by hand, who changes place, what survives, and disjoint halves."""

import itertools
import math

import numpy as np
import pytest

from stages.statistics.orders import Order, halves, moved, order_of, steady_groups, tau


def order(*ranks):
    return Order(1, np.array(ranks, float), np.array(ranks))


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ((1, 2, 3, 4), 1),
        ((4, 3, 2, 1), -1),
        ((2, 1, 3, 4), 4 / 6),  # one of six pairs is reversed: (5 - 1) / 6
        ((2, 1, 4, 3), 2 / 6),
        ((1, 1, 3, 4), 5 / math.sqrt(5 * 6)),  # one pair is tied: tau-b
    ],
)
def test_tau_of_hand_made_orders(ranks, expected):
    assert tau(order(1, 2, 3, 4), order(*ranks)) == pytest.approx(expected)


def test_tau_counts_pairs_of_methods():
    """Over all orders of four methods it is the definition: agreeing less reversed pairs, over all pairs."""
    first = order(1, 2, 3, 4)
    for ranks in itertools.permutations((1, 2, 3, 4)):
        signs = [np.sign(ranks[j] - ranks[i]) for i, j in itertools.combinations(range(4), 2)]
        assert tau(first, order(*ranks)) == pytest.approx(sum(signs) / 6)


def test_tau_says_nothing_where_there_is_no_order():
    assert math.isnan(tau(order(1), order(1)))
    assert math.isnan(tau(order(1, 2), order(1, 1)))


def test_an_order_is_by_means_over_common_items_and_the_direction_counts():
    values = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 4.0], [99.0, np.nan, 0.0]])
    found = order_of(values, higher_is_better=True)
    assert found.n == 2 and found.means.tolist() == [2, 2, 3.5]
    assert found.ranks.tolist() == [2, 2, 1] and found.leaders == {2}
    lower = order_of(values, higher_is_better=False)
    assert lower.ranks.tolist() == [1, 1, 3] and lower.leaders == {0, 1}
    assert order_of(np.array([[1.0, np.nan]]), higher_is_better=True) is None


def test_an_identical_image_is_better_than_any_other():
    assert order_of(np.array([[40.0, np.inf], [41.0, 30.0]]), higher_is_better=True).ranks.tolist() == [2, 1]


def test_who_changes_place():
    assert moved(order(1, 2, 3), order(1, 3, 2)) == [1, 2]
    assert moved(order(1, 2, 3), order(1, 2, 3)) == []


@pytest.mark.parametrize(
    ("others", "groups"),
    [
        ([], [[2], [0], [1], [3]]),
        ([(2, 3, 1, 4)], [[2], [0], [1], [3]]),
        ([(3, 2, 1, 4)], [[2], [0, 1], [3]]),
        ([(2, 2, 1, 4)], [[2], [0, 1], [3]]),  # a tie is no order
        ([(4, 3, 1, 2)], [[2], [0, 1, 3]]),
        ([(3, 2, 1, 4), (2, 4, 1, 3)], [[2], [0, 1, 3]]),
        ([(2, 3, 4, 1)], [[2, 0, 1, 3]]),
    ],
)
def test_what_survives(others, groups):
    assert steady_groups([order(2, 3, 1, 4), *(order(*ranks) for ranks in others)]) == groups


@pytest.mark.parametrize(("n", "expected"), [(2, 1), (3, 3), (4, 3), (11, 6), (12, 6)])
def test_halves_are_disjoint_together_all_and_no_split_comes_twice(n, expected):
    items = [f"pair-{k}" for k in range(n)]
    found = halves(items, 6, seed=1)
    assert len(found) == len({frozenset(map(frozenset, both)) for both in found}) == expected
    for first, second in found:
        assert not set(first) & set(second) and sorted(first + second, key=items.index) == items
        assert len(second) - len(first) == n % 2
    assert found == halves(items, 6, seed=1)
    if n > 4:
        assert found != halves(items, 6, seed=2)


def test_one_item_has_no_halves():
    assert halves(["a"], 5, 0) == halves([], 5, 0) == []
