"""Records: a file that is no longer what its stage wrote is found before anything is made of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import DAMAGES, run_module

from stages.engine.stage_records import (
    AGAIN,
    FOLDER,
    NOTES,
    check,
    check_below,
    check_manifests,
    forget_chunks,
    read_chunks,
    read_record,
    records_of,
    unsealed,
    withdraw,
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
    message = f"data/faces/a.png: not as the stage wrote it, damaged or edited; {AGAIN}"
    refused(message, lambda: check([FACE]))
    refused(message, lambda: check_below([Path("data/faces")]))
    assert not NOTES.exists() or not list(NOTES.rglob("*.json")), "so Snakemake looks at the content again"
    assert check([]) == {} and check_below([Path("data/maps")]) is None
    write_record(RECORD, "faces", [FACE])
    check([FACE])


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_manifest_is_named(damage, refused):
    DAMAGES[damage](MANIFEST)
    check([FACE])
    refused("data/images.csv: not as the stage wrote it", check_manifests)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_record_is_named(damage, refused, caplog):
    """It counts as missing where its files are read by nobody."""
    caplog.set_level("INFO")
    DAMAGES[damage](RECORD)
    refused(f"{RECORD}: damaged since the run began; {AGAIN}", lambda: check([FACE]))
    refused(f"{RECORD}: missing or damaged; remove it, and run `snakemake`", lambda: read_record(RECORD))
    assert set(check([MANIFEST])) == {MANIFEST}
    write_record(FOLDER / "faces" / "001.json", "faces", [FACE])
    caplog.clear()
    check([FACE])
    assert caplog.messages == [f"{RECORD}: damaged, so it counts as missing"]


def test_a_folder_or_a_link_in_the_place_of_a_file(refused):
    FACE.unlink()
    FACE.symlink_to("nowhere")
    refused("data/faces/a.png: missing; run `snakemake`", lambda: check([FACE]))
    FACE.unlink()
    FACE.mkdir()
    message = "data/faces/a.png: is a folder, and a file belongs there; move the folder away and run again"
    refused(message, lambda: check([FACE]))
    refused(message, lambda: check_below([FACE.parent]))
    RECORD.unlink()
    RECORD.mkdir()
    refused(f"{RECORD}: is a folder", lambda: withdraw(RECORD))
    assert FACE.is_dir() and RECORD.is_dir()


def test_a_file_that_may_not_be_read_is_named(monkeypatch, refused):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("stages.engine.stage_records.sha256_file", forbidden)
    refused("data/faces/a.png: cannot be read \\(Permission denied\\); make it readable", lambda: check([FACE]))


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
    assert done.stdout.splitlines() == [
        f"damaged: {FACE}", f"missing: {MANIFEST}", "2 files, 1 missing, 1 damaged",
        "Type `snakemake`: what it needs of that is made anew.",
    ]  # fmt: skip
    FACE.unlink()
    FACE.mkdir()
    for path in (LIST, FOLDER / "maps.json"):
        path.write_text("{}")
    done = run_module(folder, "stages.records")
    assert done.returncode == 1
    assert done.stdout.splitlines()[:-1] == [
        f"unreadable: {FACE}", f"damaged record: {LIST}", f"damaged record: {FOLDER / 'maps.json'}",
        "1 file, 1 unreadable, 0 damaged, 2 damaged records",
    ]  # fmt: skip


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
