"""Records: a file that is no longer what its stage wrote is found before anything is made of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import DAMAGES, run_module

from stages.engine.stage_records import FOLDER, check, check_below, check_manifests, read_record, unsealed, write_record
from stages.errors import UserError

FACE, MANIFEST, RECORD = Path("data/faces/a.png"), Path("data/images.csv"), FOLDER / "aligned" / "faces.json"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (FACE, MANIFEST):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"content of {path}".encode())
    write_record(RECORD, "faces", [FACE, MANIFEST], items=[{"item": "a"}])
    return tmp_path


def test_what_was_written_is_accepted_and_so_is_what_no_record_lists():
    Path("photo.jpg").write_bytes(b"a photo")
    assert set(check([FACE, Path("photo.jpg")])) == {FACE, Path("photo.jpg")}
    assert read_record(RECORD)["items"] == [{"item": "a"}]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_named(damage, refused):
    DAMAGES[damage](FACE)
    message = "data/faces/a.png: not as the stage wrote it, damaged or edited; remove it and run again"
    refused(message, lambda: check([FACE]))
    refused(message, lambda: check_below([Path("data/faces")]))
    assert check([]) == {} and check_below([Path("data/maps")]) is None
    write_record(RECORD, "faces", [FACE, MANIFEST])
    check([FACE])


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_manifest_is_named(damage, refused):
    DAMAGES[damage](MANIFEST)
    check([FACE])
    refused("data/images.csv: not as the stage wrote it", check_manifests)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_record_is_named(damage, refused):
    DAMAGES[damage](RECORD)
    refused(f"{RECORD}: missing or damaged; remove it and run again", lambda: check([FACE]))
    refused(f"{RECORD}: missing or damaged; remove it and run again", lambda: read_record(RECORD))


@given(st.integers(0), st.integers(1, 255))
def test_flipped_byte_never_passes_for_a_record(position, mask):
    content = RECORD.read_bytes()
    changed = bytearray(content)
    changed[position % len(content)] ^= mask
    # Another white space may leave the meaning as it was.
    assert unsealed(bytes(changed)) in (None, unsealed(content))


def test_command_names_what_is_damaged_and_what_is_missing(folder):
    done = run_module(folder, "stages.records")
    assert (done.returncode, done.stdout) == (0, "2 files, 0 damaged\n")
    DAMAGES["bit flipped"](FACE)
    MANIFEST.unlink()
    done = run_module(folder, "stages.records")
    assert done.returncode == 1
    assert done.stdout == f"damaged: {FACE}\ndamaged: {MANIFEST}\n2 files, 2 damaged\n"
    RECORD.write_text("{}")
    done = run_module(folder, "stages.records")
    assert done.returncode == 1 and done.stderr == f"error: {RECORD}: missing or damaged; remove it and run again\n"


def test_removed_file_is_left_to_snakemake(refused):
    MANIFEST.unlink()
    check_manifests()
    with pytest.raises(UserError, match="missing or damaged"):
        read_record(FOLDER / "nothing.json")
