"""The item store: what was put comes back whole, and damage is the same as absence."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from stages.engine.item_store import RECORD, Store, Stored, fingerprint
from stages.store import app

KEY = "ab" * 32
CONTENTS = {"image": b"\x89PNG and so on", "map": b"labels"}
ITEM = {"item": "drawn-0000", "status": "ok", "seconds": 1.5, "losses": [0.25, 3]}
FILES = [*CONTENTS, RECORD]


@pytest.fixture
def store(tmp_path):
    store = Store("codes", tmp_path)
    store.put(KEY, CONTENTS, ITEM)
    return store


def test_what_was_put_comes_back(store):
    assert store.get(KEY) == Stored(CONTENTS, store.folder / KEY, ITEM)
    assert store.get("cd" * 32) is None
    assert Store("maps", store.folder.parent).get(KEY) is None


def test_the_last_put_counts(store):
    store.put(KEY, {"image": b"new"}, {"item": "b"})
    assert store.get(KEY) == Stored({"image": b"new"}, store.folder / KEY, {"item": "b"})


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(path):
    path.unlink()


def become_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [truncate, empty, flip, remove, become_folder])
@pytest.mark.parametrize("file", FILES)
def test_damaged_item_is_absent_until_it_is_put_again(store, file, damage):
    path = store.folder / KEY / file
    damage(path)
    assert store.get(KEY) is None
    if path.is_dir():
        path.rmdir()
    store.put(KEY, CONTENTS, ITEM)
    assert store.get(KEY) == Stored(CONTENTS, store.folder / KEY, ITEM)


@pytest.mark.parametrize("content", [b"[]", b"null", b"7", b"{}", b'{"digest": 1}', b"\xff", b'{"files": [], "item'])
def test_record_that_is_none_is_absent(store, content):
    (store.folder / KEY / RECORD).write_bytes(content)
    assert store.get(KEY) is None


@given(st.sampled_from(FILES), st.integers(0), st.integers(1, 255))
def test_flipped_byte_never_passes_for_a_result(tmp_path_factory, file, position, mask):
    store = Store("codes", tmp_path_factory.getbasetemp() / "flipped")
    store.put(KEY, CONTENTS, ITEM)
    path = store.folder / KEY / file
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= mask
    path.write_bytes(content)
    # In the record another white space or number format may leave the meaning as it was.
    assert store.get(KEY) in ([None, Stored(CONTENTS, store.folder / KEY, ITEM)] if file == RECORD else [None])


def test_put_that_was_interrupted_is_absent(store, monkeypatch):
    other = "cd" * 32

    def killed(path, content):
        if path.name == "map":
            raise KeyboardInterrupt
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("stages.engine.item_store.write_atomic", killed)
        store.put(other, CONTENTS, ITEM)
    assert (store.folder / other / "image").exists()
    assert store.get(other) is None


def test_fingerprint_follows_the_meaning_of_its_parts():
    assert fingerprint({"a": {"x": 1, "y": 2.0}, "b": None}) == fingerprint({"b": None, "a": {"y": 2, "x": 1}})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2}) != fingerprint({"b": 2})


def run(command, store, *options):
    return CliRunner().invoke(app, [command, "--root", str(store.folder.parent), *options])


def test_list_names_every_item(store):
    store.put("cd" * 32, {}, ITEM | {"item": "zoe", "seconds": 2.0})
    remove(store.folder / KEY / RECORD)
    header, *lines = [line.split("\t") for line in run("list", store).output.splitlines()]
    assert header == ["stage", "fingerprint", "item", "bytes", "seconds"]
    assert [(stage, key, name, seconds) for stage, key, name, _, seconds in lines] == [
        ("codes", KEY[:12], "damaged", "0.0"),
        ("codes", "cd" * 6, "zoe", "2.0"),
    ]
    assert int(lines[0][3]) == sum(map(len, CONTENTS.values()))


@pytest.mark.parametrize("file", FILES)
def test_verify_names_damaged_items_and_prune_removes_them(store, file):
    store.put("cd" * 32, CONTENTS, ITEM)
    assert run("verify", store).exit_code == 0
    flip(store.folder / KEY / file)
    verified = run("verify", store)
    assert verified.exit_code == 1
    assert verified.output == f"damaged: {store.folder / KEY}\n2 items, 1 damaged\n"
    assert "removed 1 item\n" in run("prune", store, "--days", "1").output
    assert run("verify", store).exit_code == 0
    assert store.get("cd" * 32) is not None


def test_prune_keeps_what_was_stored_or_used_lately(store):
    used, unused, long_ago = "cd" * 32, "ef" * 32, time.time() - 10 * 86_400
    for key in (used, unused):
        store.put(key, CONTENTS, ITEM)
        os.utime(store.folder / key, (long_ago, long_ago))
    assert store.get(used) is not None
    assert "removed 1 item\n" in run("prune", store, "--days", "5").output
    assert store.get(KEY) and store.get(used) and store.get(unused) is None


@pytest.mark.parametrize("days", ["-1", "nan", "many"])
def test_a_number_of_days_that_is_none_removes_nothing(store, days):
    assert run("prune", store, "--days", days).exit_code == 2
    assert store.get(KEY) is not None


def test_commands_on_no_store(tmp_path):
    store = Store("codes", tmp_path / "nothing")
    for command, options in (("list", []), ("verify", []), ("prune", ["--days", "1"])):
        assert run(command, store, *options).exit_code == 0
