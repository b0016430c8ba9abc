"""Records that are read while another job makes its files and its record anew."""

import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest
from support import DAMAGES, ENVIRONMENT, ROOT

from stages.engine import stage_records as records
from stages.engine.stage_records import FOLDER, check, check_below, check_manifests, is_damaged, write_record, written
from stages.errors import UserError
from stages.formats.files import write_atomic

FACES = [Path(f"data/faces/{name}.png") for name in "abcd"]
MANIFEST, RECORD = Path("data/images.csv"), FOLDER / "faces.json"
MAP, OTHER = Path("data/maps/a.png"), FOLDER / "maps.json"
READS = 1500  # of all records and all files below two folders
# What `engine.items.run_items` does, in its order: each time with another content, as long as the test is there. It
# rests when the stage is done: on one core, readers would never meet it so.
WRITER = """
import os, time
from itertools import cycle
from test_records_at_work import rewrite
parent, contents = os.getppid(), cycle([b"one", b"", b"two"])
while os.getppid() == parent:
    rewrite(next(contents))
    time.sleep(0.001)
"""


def rewrite(content: bytes) -> None:
    """Make the files of a stage and its record as a job does."""
    RECORD.unlink(missing_ok=True)
    for path in [*FACES, MANIFEST]:
        write_atomic(path, content)
    write_record(RECORD, "faces", [*FACES, MANIFEST])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MAP.parent.mkdir(parents=True)
    MAP.write_bytes(b"a map")
    write_record(OTHER, "maps", [MAP])
    rewrite(b"one")
    return tmp_path


@pytest.fixture
def job_at_work(folder):
    """Another process that makes the faces anew all the time."""
    environment = ENVIRONMENT | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'engine'}:{ROOT / 'tests'}"}
    process = subprocess.Popen([sys.executable, "-c", WRITER], cwd=folder, env=environment)
    first = RECORD.stat().st_ino
    while process.poll() is None:
        try:
            if RECORD.stat().st_ino != first:
                break
        except FileNotFoundError:
            break
    yield process
    assert process.poll() is None, "the writer is at work to the end"
    process.kill()
    process.wait()


def test_readers_meet_no_error_and_find_real_damage(job_at_work):
    """A file of a finished stage is damaged meanwhile, and found each time; those of the job at work never are."""
    states: set[bool] = set()
    for count, damaged in enumerate(cycle([False, False, True])):
        if count >= READS and (states == {False, True} or count >= 20 * READS):
            break
        MAP.write_bytes(b"another map" if damaged else b"a map")
        check_manifests()
        check_below([Path("data/faces")])
        check([FACES[0]])
        if damaged:
            with pytest.raises(UserError, match=f"^{MAP}: not as the stage wrote it"):
                check_below([Path("data/maps"), Path("data/faces")])
        else:
            check_below([Path("data/maps"), Path("data/faces")])
        states.add(RECORD.exists())
    assert states == {False, True}, "it was met at work and done"


def while_hashing(monkeypatch, *meanwhile) -> None:
    """Let something happen just before each of the next files is read."""
    left, honest = list(meanwhile), records.sha256_file

    def sha256_file(path):
        if left:
            left.pop(0)()
        return honest(path)

    monkeypatch.setattr(records, "sha256_file", sha256_file)


def test_a_record_that_vanishes_after_it_was_listed_is_left_out(monkeypatch):
    listed = sorted(FOLDER.rglob("*.json"))
    RECORD.unlink()
    monkeypatch.setattr(Path, "rglob", lambda *_: listed)
    assert written().files.keys() == {MAP}


def test_a_file_that_changes_with_its_record_is_not_accused(monkeypatch):
    """Even if in the end the record says what it said at first."""
    FACES[0].write_bytes(b"")
    while_hashing(monkeypatch, lambda: (rewrite(b""), rewrite(b"one"), FACES[0].write_bytes(b"")))
    assert not is_damaged(FACES[0], RECORD)
    assert is_damaged(FACES[0], RECORD), "with the record in its place it is"


def test_a_file_of_a_job_that_began_meanwhile_is_not_accused(monkeypatch):
    def begin():
        RECORD.unlink()
        FACES[0].write_bytes(b"two")

    while_hashing(monkeypatch, begin)
    assert check([FACES[0]]).keys() == {FACES[0]}


def test_a_file_that_vanishes_while_it_is_checked_is_left_to_its_job(monkeypatch):
    while_hashing(monkeypatch, FACES[0].unlink)
    check_below([Path("data/faces")])


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_before_and_after_a_job_is_found(damage):
    DAMAGES[damage](MAP)
    with pytest.raises(UserError, match=f"^{MAP}: not as the stage wrote it"):
        check([MAP])
    write_record(OTHER, "maps", [MAP])
    check([MAP])
