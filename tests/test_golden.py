"""The check of the golden vectors' recipes: a changed recipe is found, another system's last digits are none."""

import numpy as np
import pytest
import torch
from golden import CHECKSUM, PLACES, check, checked, checksum, filled, normal

# A long array, such as convolutions have, whose last block is not full; short ones; a single number.
SHAPES = {"conv.weight": (70, 33, 32, 3), "norm.weight": (64,), "norm.bias": (64,), "noise.weight": (1,)}
KEYS = list(SHAPES)


def value(key, shape):
    return np.float32(0.1) * normal(key, shape)


def of(value=value):
    """The checksum of a recipe."""
    return filled({key: torch.empty(shape, device="meta") for key, shape in SHAPES.items()}, value)[1]


@pytest.fixture(autouse=True)
def stored(monkeypatch):
    """What is stored is the checksum of the recipe, in seven digits behind the point."""
    monkeypatch.setattr("golden.golden_json", {"checksums": {"recipe": of().round(7).tolist()}}.get)


def toward(seed):
    """A recipe whose every number is moved by its last digit, up or down."""

    def moved(key, shape):
        array = value(key, shape)
        directions = np.random.default_rng(seed).choice(np.float32([-np.inf, np.inf]), shape)
        return np.nextafter(array, directions)

    return moved


@pytest.mark.parametrize("seed", range(5))
def test_last_digits_pass(seed):
    moved = of(toward(seed))
    assert (moved != of()).all()
    check("recipe", moved)


def changed(key, change):
    """The recipe but for one key."""
    return lambda name, shape: change(value(name, shape)) if name == key else value(name, shape)


def swapped(array):
    """The first and the last number change places."""
    flat = array.flatten()
    flat[[0, -1]] = flat[[-1, 0]]
    return flat.reshape(array.shape)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "change",
    {
        "sign": np.negative,
        "scale": lambda array: array * np.float32(1.0001),
        "seed": lambda array: value("another key", array.shape),
        "undefined": lambda array: array * np.float32(np.nan),
    }.items(),
    ids=lambda change: change[0],
)
def test_a_change_of_one_key_fails(key, change):
    with pytest.raises(AssertionError, match="recipe: the recipe gives other numbers"):
        check("recipe", of(changed(key, change[1])))


ORDERS = {
    "two numbers": swapped,
    "by one": lambda array: np.roll(array, 1),
    "offset": lambda array: array + np.float32(0.001),
    "by a block": lambda array: np.roll(array, len(PLACES)),
    "transposed": lambda array: array.T.reshape(array.shape),
}


@pytest.mark.parametrize(
    ("key", "name"), [("conv.weight", name) for name in ORDERS] + [("norm.bias", name) for name in list(ORDERS)[:3]]
)
def test_another_order_or_offset_fails(key, name):
    with pytest.raises(AssertionError, match="other numbers"):
        check("recipe", of(changed(key, ORDERS[name])))


def test_values_of_another_key_fail():
    others = dict(zip(("norm.weight", "norm.bias"), ("norm.bias", "norm.weight"), strict=True))
    with pytest.raises(AssertionError, match="other numbers"):
        check("recipe", of(lambda key, shape: value(others.get(key, key), shape)))


def test_a_key_that_stays_counts_nothing():
    assert np.abs(of(lambda key, shape: None if key == "norm.bias" else value(key, shape)) - of()).max() > CHECKSUM
    assert not of(lambda key, shape: None).any()


def test_an_input_is_compared_and_returned(monkeypatch):
    array = normal("input", (2, 3, 8))
    monkeypatch.setattr("golden.golden_json", {"checksums": {"input": checksum("input", array).tolist()}}.get)
    assert torch.equal(checked("input", array), torch.from_numpy(array))
    with pytest.raises(AssertionError, match="input: the recipe gives other numbers"):
        checked("input", normal("another", (2, 3, 8)))
