"""The one text of equal values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.formats.canonical import canonical

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(SCALARS | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=10)


def rewritten(value):
    """The same value with other key orders and 10.0 for 10."""
    if isinstance(value, dict):
        return {key: rewritten(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [rewritten(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(JSON)
def test_canonical_form_ignores_key_order_and_notation_and_loses_nothing(value):
    assert canonical(rewritten(value)) == canonical(value)
    assert json.loads(canonical(value)) == value


@pytest.mark.parametrize(("a", "b"), [(10, 10.5), (1, True), (1, "1"), (0, None), ([1, 2], [2, 1]), ({}, [])])
def test_canonical_form_tells_values_apart(a, b):
    assert canonical(a) != canonical(b)
