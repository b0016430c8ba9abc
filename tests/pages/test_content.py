"""What the page is told of a run."""

import pandas as pd
import pytest

from stages.pages.content import _strata, letters, reasons_of


def test_each_method_has_a_letter_of_its_own():
    assert letters(["barbershop", "baseline", "b"]) == ["b", "a", "c"]
    assert letters(["1", "Poisson"]) == ["a", "p"]
    many = letters([f"method_{k}" for k in range(30)])
    assert sorted(letter for letter in many if letter) == list("abcdefghijklmnopqrstuvwxyz") and many.count("") == 4


def test_reasons_name_the_stage():
    items = [{"item": "a", "status": "failed", "reason": "no face"}, {"item": "b", "status": "ok"}]
    assert reasons_of([("face", items), ("label map", items)]) == {"a": ["face: no face", "label map: no face"]}


@pytest.mark.parametrize("count", [1, 2])
def test_strata_of_an_image_called_as_a_pair_are_none_of_a_pair(count):
    strata = pd.DataFrame(
        [("p", "pose", "yaw up to 15°"), ("p", "difficulty", "hard"), ("q", "difficulty", "easy"),
         ("p", "hat of the identity", "no"), ("q", "hat of the identity", "yes")],
        columns=["item", "kind", "stratum"],
    )  # fmt: skip
    pairs = {name: k for k, name in enumerate(["p", "q"][:count])}
    found = {each["kind"]: each["t"] for each in _strata(strata, pairs)}
    assert found == {
        "difficulty": ["hard"] if count == 1 else ["easy", "hard"],
        "hat of the identity": ["no"] if count == 1 else ["yes", "no"],
    }
