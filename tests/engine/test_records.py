"""Records: a file that is no longer what its stage wrote is found before anything is made of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import DAMAGES, run_module

from stages.engine.stage_records import (
    FOLDER,
    check,
    check_below,
    check_manifests,
    forget_chunks,
    read_chunks,
    read_record,
    records_of,
    unsealed,
    write_record,
)
from stages.errors import UserError

FACE, RECORD = Path("data/faces/a.png"), FOLDER / "faces" / "000.json"
MANIFEST, LIST = Path("data/images.csv"), FOLDER / "images.json"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (FACE, MANIFEST):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"content of {path}".encode())
    write_record(RECORD, "faces", [FACE], weights={}, items=[{"item": "a"}])
    write_record(LIST, "images", [MANIFEST])
    return tmp_path


def test_what_was_written_is_accepted_and_so_is_what_no_record_lists():
    Path("photo.jpg").write_bytes(b"a photo")
    assert set(check([FACE, Path("photo.jpg")])) == {FACE, Path("photo.jpg")}
    assert read_record(RECORD)["items"] == [{"item": "a"}]


def test_missing_file_is_named(refused):
    refused(
        "^data/faces/gone.png: missing; run `snakemake` without a target", lambda: check([Path("data/faces/gone.png")])
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_named(damage, refused):
    DAMAGES[damage](FACE)
    message = "data/faces/a.png: not as the stage wrote it, damaged or edited; remove it and run again"
    refused(message, lambda: check([FACE]))
    refused(message, lambda: check_below([Path("data/faces")]))
    assert check([]) == {} and check_below([Path("data/maps")]) is None
    write_record(RECORD, "faces", [FACE])
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


def test_chunks_are_read_as_one_and_those_that_are_gone_are_forgotten(refused):
    other = Path("data/faces/b.png")
    other.write_bytes(b"b")
    write_record(FOLDER / "faces" / "001.json", "faces", [other], weights={}, items=[{"item": "Z"}, {"item": "A"}])
    record = read_chunks(FOLDER / "faces")
    assert [item["item"] for item in record["items"]] == ["A", "Z", "a"] and len(record["files"]) == 2
    forget_chunks([FOLDER / "faces", FOLDER / "nothing"], ["000"])
    assert [item["item"] for item in read_chunks(FOLDER / "faces")["items"]] == ["a"]
    refused("data/records/maps: has no record of a chunk", read_chunks, FOLDER / "maps")


@pytest.mark.parametrize(
    ("file", "records"),
    [
        ("data/faces/a.png", ["faces/000"]),
        ("data/images.csv", ["images"]),
        ("data/codes/a.safetensors", ["codes/fs/000", "codes/i2s/000"]),
        ("data/codes/i2s/a.safetensors", ["codes/i2s/000"]),
        ("data/reconstructions/fs/a.png", ["codes/fs/000"]),
        ("data/reconstructions/i2s/a.png", ["codes/i2s/000"]),
        ("data/aligned/one/p.safetensors", ["aligned/one/000"]),
        ("photos/a.png", []),
    ],
)
def test_only_the_records_of_a_files_folder_are_read(file, records):
    for name in ("codes/fs/000", "codes/i2s/000", "aligned/one/000", "aligned/two/000"):
        write_record(FOLDER / f"{name}.json", name, [])
    assert records_of([Path(file)]) == {FOLDER / f"{record}.json" for record in records}
