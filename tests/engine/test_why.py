"""Why an item was computed again, told by the part of its fingerprint that differs."""

import os

import pytest
from typer.testing import CliRunner

from stages.engine import why
from stages.engine.code import code_digests
from stages.engine.environment import versions
from stages.engine.item_store import Store, fingerprint
from stages.store import app

PARTS = {
    "params": {"steps": 28, "precision": "float32"},
    "environment": {"device": "cpu x86_64 AVX2", "threads": 2, "torch": versions()["torch"]},
    "inputs": {"face": "ab" * 32},
    "code": code_digests("stages.parse"),
}


def put(root, parts, used, stage="codes", item="zoe"):
    key = fingerprint(parts)
    store = Store(stage, root)
    store.put(key, {"code": b"x"}, {"item": item}, parts)
    os.utime(store.folder / key, (used, used))
    return key


def said(root, *arguments):
    done = CliRunner().invoke(app, ["why", *arguments, "--root", str(root)])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"params": PARTS["params"] | {"steps": 30}}, "params.steps: 28 -> 30"),
        ({"params": PARTS["params"] | {"precision": "bfloat16"}}, "params.precision: float32 -> bfloat16"),
        ({"environment": PARTS["environment"] | {"threads": 4}}, "environment.threads: 2 -> 4"),
        ({"inputs": {"face": "cd" * 32}}, "inputs.face: abababababab… -> cdcdcdcdcdcd…"),
        ({"inputs": {}}, "inputs.face: abababababab… -> absent"),
    ],
)
def test_the_part_that_differs_is_named_and_no_other(tmp_path, changed, line):
    older, latest = put(tmp_path, PARTS, 1000), put(tmp_path, PARTS | changed, 2000)
    put(tmp_path, PARTS, 3000, stage="aligned")
    status, text = said(tmp_path, "zoe", "--stage", "codes")
    lines = [each.strip() for each in text.splitlines()]
    assert status == 0
    assert lines[0].startswith(f"codes: {latest[:12]}, ")
    assert lines[1:] == [f"differs from {older[:12]} in:", line]


def test_what_has_changed_since_is_told(tmp_path, monkeypatch):
    put(tmp_path, PARTS, 1000)
    assert said(tmp_path, "zoe")[1].splitlines()[1:] == ["  the store has no other version of it"]
    monkeypatch.setattr(why, "versions", lambda: {"torch": "9.0"})
    monkeypatch.setattr(why, "digest_of", lambda path: "ef" * 32 if path.name == "parse.py" else digest(path))
    text = said(tmp_path, "zoe")[1]
    assert f"has changed since: environment.torch: {PARTS['environment']['torch']} -> 9.0" in text
    assert text.count("has changed since: code.") == 1 and "code.parse.py" in text


def digest(path):
    return PARTS["code"][str(path.relative_to(why.sources(["x"])["x"].parent))]


def test_an_item_that_is_not_there_is_said_to_be_missing(tmp_path):
    put(tmp_path, PARTS, 1000)
    status, text = said(tmp_path, "anna")
    assert status == 1 and "holds no item anna" in text
