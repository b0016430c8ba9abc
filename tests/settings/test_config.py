"""Parameters: what is accepted, and which one line says what is wrong."""

import copy
import json
from functools import reduce
from operator import getitem

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from stages.settings import config

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def changed(key, value):
    """The shipped parameters with one key, dots between its parts, set to a value."""
    params = copy.deepcopy(PARAMS)
    *parents, last = key.split(".")
    reduce(getitem, parents, params)[last] = value
    return params


def test_shipped_params_are_valid():
    config.check_params(PARAMS)
    for name, section in PARAMS.items():
        config.check_section(name, section)


@pytest.mark.parametrize("batch", ["auto", 1, 16])
def test_batches_are_a_number_or_by_memory(batch):
    for stage in ("embed", "align", "blend", "loho"):
        config.check_params(changed(f"{stage}.batch", batch))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("colour", 1, ".*colour"),
        ("embed.w.stepz", 1, "embed.w: .*stepz"),
        ("blend.steps", -1, "blend.steps"),
        ("score.size", "256", "score.size"),
        ("maps.min_face", "0.05", "maps.min_face"),
        ("embed.batch", "8", "embed.batch: '8' does not match '\\^auto"),
        ("align.batch", 0, "align.batch: 0 is less than the minimum of 1"),
        ("blend.batch", 2.5, "blend.batch: 2.5 is not of type 'integer'"),
        ("faces.drawn.count", 2.5, "faces.drawn.count"),
        ("methods.mine", {"code": "wplus", "align": True}, "methods.mine.code: .*wplus"),
        ("methods.mine", {"code": "fs"}, "methods.mine: "),
        ("methods.mine", {"paste": "poisson", "align": True}, "methods.mine: "),
        ("methods.mine", {"paste": "glue"}, "methods.mine"),
        ("report.against", "mine", "report.against: mine is none of the methods .*baseline"),
        ("methods.mine", {"images": "a", "code": "fs"}, "methods.mine: "),
        ("methods.mine", {"images": ""}, "methods.mine"),
        ("gallery.method", "poisson", "gallery.method: poisson has no code w or fs; these have: .*barbershop"),
        ("gallery.kinds", ["beard"], "gallery.kinds.*beard"),
        ("methods.Mine", {"code": "fs", "align": True}, "methods: .*Mine"),
        ("faces.source", ["photos"], "faces.photos"),
        ("faces.source", "photos", "faces.source: 'photos' is not of type 'array'"),
        ("faces.photos", "a{b}", "faces.photos: .*a{b}"),
        ("pairs.file", "a\nb", "pairs.file: "),
        ("pairs.count", 10**9, "pairs.count: .*maximum"),
        ("methods.mine\n", {"paste": "copy"}, "methods: .*mine"),
    ],
)
def test_wrong_params_name_the_key(refused, key, value, named):
    refused(f"^params.yaml: {named}", config.check_params, changed(key, value))


@pytest.mark.parametrize("name", sorted(PARAMS.keys() - {"methods"}))
def test_missing_key_is_named(refused, name):
    key, *others = PARAMS[name]
    refused(f"^{name}: .*{key}", config.check_section, name, {other: PARAMS[name][other] for other in others})


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
    assert config.canonical(rewritten(value)) == config.canonical(value)
    assert json.loads(config.canonical(value)) == value


@pytest.mark.parametrize(("a", "b"), [(10, 10.5), (1, True), (1, "1"), (0, None), ([1, 2], [2, 1]), ({}, [])])
def test_canonical_form_tells_values_apart(a, b):
    assert config.canonical(a) != config.canonical(b)
