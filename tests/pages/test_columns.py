"""Numbers for the page come back as they were, to 11 binary digits; texts exactly."""

import base64
import math
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pages.columns import coded, column_json, columns_of, failures_of, packed
from stages.statistics import table


def unpacked(column):
    """What the page makes of a packed column, written anew from its description."""
    turned = zlib.decompress(base64.b64decode(column["v"]), -15)
    count = len(turned) // 2
    halves = np.frombuffer(bytes(b for pair in zip(turned[:count], turned[count:], strict=True) for b in pair), "<f2")
    return halves.astype(float) * 2.0 ** -column["s"]


@given(st.lists(st.floats(1e-2, 1e6) | st.floats(-1e6, -1e-2) | st.just(0.0), min_size=1, max_size=50))
def test_values_keep_eleven_digits(values):
    found = unpacked(packed(np.array(values)))
    np.testing.assert_allclose(found, values, rtol=2**-11, atol=0)


def test_what_is_no_number_stays_so():
    values = np.array([[1e-30, math.inf], [math.nan, -math.inf], [3e-30, 0]])
    found = unpacked(packed(values))
    np.testing.assert_allclose(found, values.ravel(), rtol=2**-11)
    assert np.isnan(unpacked(packed(np.full(3, math.nan)))).all()


def test_the_largest_value_does_not_become_infinite():
    for largest in (1.0, 65519.0, 2.0**-40 - 2.0**-80, 1e300):
        assert np.isfinite(unpacked(packed(np.array([largest, 1.0])))).all()


def frame():
    rows = [
        ("transfer", "a", "p", "m", 1.0, ""), ("transfer", "b", "p", "m", float("nan"), "the mask is empty"),
        ("transfer", "a", "q", "m", 2.0, ""), ("transfer", "b", "q", "failure", 1.0, "black: all of it"),
        ("transfer", "a", "other", "m", 9.0, ""), ("reconstruction", "a", "x", "m", 5.0, ""),
    ]  # fmt: skip
    columns = ["protocol", "method", "item", "metric", "value", "note"]
    return table.summarise(pd.DataFrame(rows, columns=columns).assign(direction="higher"), level=0.95)


def test_a_column_has_a_place_for_every_pair_and_method():
    (column,) = columns_of(frame(), ["q", "p"], ["b", "a"])
    assert column.metric == "m" and column.direction == "higher"
    np.testing.assert_array_equal(column.values, [[math.nan, 2], [math.nan, 1]])
    assert column.notes == {(1, 0): "the mask is empty"}
    notes = column_json(column)["n"]
    assert notes["t"] == ["", "the mask is empty"]
    turned = zlib.decompress(base64.b64decode(notes["v"]), -15)
    assert list(turned) == [0, 0, 1, 0, 0, 0, 0, 0]


def test_failures_are_by_method_in_the_order_asked():
    assert failures_of(frame(), ["p", "q"], ["b", "a"]) == [{"q": "black: all of it"}, {}]


def test_too_many_texts_are_refused():
    with pytest.raises(ValueError, match="65537 different texts"):
        coded(str(k) for k in range(2**16 + 1))
