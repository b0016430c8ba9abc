"""Which pairs the single page has: the worst, and some of all others, as many as there is room for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stages.pages.mail import chosen, ranking


def test_failed_pairs_are_the_worst_and_those_without_a_value_the_last():
    values = {"a": 1.0, "b": 3.0, "c": 2.0, "d": float("nan")}
    pairs = ["d", "c", "b", "a", "lost", "gone"]
    assert ranking(values, ["lost"], pairs, higher=True) == ["lost", "a", "c", "b", "d", "gone"]
    assert ranking(values, ["lost"], pairs, higher=False) == ["lost", "b", "c", "a", "d", "gone"]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(0, 1500))
def test_they_fit_and_half_of_the_room_is_the_worst(sizes, room):
    ranked = [f"p{k}" for k in range(len(sizes))]
    of = dict(zip(ranked, sizes, strict=True))
    found = chosen(ranked, of, room)
    assert found == sorted(set(found), key=ranked.index) and found[0] == "p0"
    assert sum(of[name] for name in found) <= max(room, sizes[0])
    if sum(sizes) <= room:
        assert found == ranked
    elif len(found) > 1 and sizes[0] <= room / 2:
        worst = next((k for k, name in enumerate(found) if name != ranked[k]), len(found))
        assert sum(sizes[: worst + 1]) > room / 2 or worst == len(found)


def test_the_rest_is_even():
    ranked = [f"p{k}" for k in range(1000)]
    found = chosen(ranked, dict.fromkeys(ranked, 10), 1000)
    places = [ranked.index(name) for name in found]
    assert places[:50] == list(range(50)) and len(found) == 100
    steps = {b - a for a, b in pairwise(places[50:])}
    assert steps == {19}
