"""To Snakemake a record is there as long as its files are as they were."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import DAMAGES

from stages.engine import intact
from stages.engine.stage_records import FOLDER, notes_of, write_record

FILES = [Path(f"data/faces/{name}.png") for name in "ab"]
RECORD = FOLDER / "faces" / "000.json"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FILES[0].parent.mkdir(parents=True)
    for path in FILES:
        path.write_bytes(f"content of {path}".encode())
    intact.note(RECORD, write_record(RECORD, "faces", FILES))
    return tmp_path


@pytest.fixture
def hashed(monkeypatch) -> list[Path]:
    """The files whose content is looked at."""
    found: list[Path] = []
    digest = intact.digest_if_file
    monkeypatch.setattr(intact, "digest_if_file", lambda path: (found.append(path), digest(path))[1])
    return found


def test_what_was_not_touched_is_not_even_read(hashed):
    assert intact.is_intact(RECORD) and hashed == []


def test_a_file_that_is_gone_or_a_record_that_is(hashed):
    FILES[1].unlink()
    assert not intact.is_intact(RECORD)
    RECORD.unlink()
    assert not intact.is_intact(RECORD)


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_edited_file(damage):
    DAMAGES[damage](FILES[0])
    assert not intact.is_intact(RECORD)


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_edited_file_whose_time_was_put_back(damage):
    times = FILES[0].stat()
    DAMAGES[damage](FILES[0])
    os.utime(FILES[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not intact.is_intact(RECORD), "the system's own time of change tells"


def test_the_same_content_with_another_time_is_read_once(hashed):
    os.utime(FILES[0], (0, 0))
    assert intact.is_intact(RECORD) and hashed == [FILES[0]]
    assert intact.is_intact(RECORD) and hashed == [FILES[0]]


@pytest.mark.parametrize("notes", [None, b"{", b"[]"])
def test_without_notes_all_is_read_and_noted(hashed, notes):
    path = notes_of(RECORD)
    path.write_bytes(notes) if notes else path.unlink()
    assert intact.is_intact(RECORD) and hashed == FILES
    assert intact.is_intact(RECORD) and hashed == FILES


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_none(damage):
    DAMAGES[damage](RECORD)
    assert not intact.is_intact(RECORD)


def test_a_folder_or_a_link_in_the_place_of_a_file():
    FILES[0].unlink()
    FILES[0].symlink_to(FILES[0].name)
    assert not intact.is_intact(RECORD), "a link to itself"
    FILES[0].unlink()
    FILES[0].mkdir()
    assert not intact.is_intact(RECORD)
    RECORD.unlink()
    RECORD.mkdir()
    assert not intact.is_intact(RECORD)


def test_a_record_that_snakemake_removes_is_kept_for_its_job():
    async def remove(file, *_):
        Path(file.file).unlink(missing_ok=True)

    kept = intact.kept_by(remove)
    content = RECORD.read_bytes()
    for path in (RECORD, FILES[0]):
        asyncio.run(kept(SimpleNamespace(file=str(path)), False))
        assert not path.exists()
    assert RECORD.with_suffix(".last").read_bytes() == content and not FILES[0].with_suffix(".last").exists()
    RECORD.write_text("damaged")
    asyncio.run(kept(SimpleNamespace(file=str(RECORD))))
    assert not RECORD.exists() and RECORD.with_suffix(".last").read_bytes() == content
    RECORD.mkdir()
    asyncio.run(kept(SimpleNamespace(file=str(RECORD))))
    assert RECORD.is_dir(), "a folder may be somebody's"


def test_snakemake_is_told_so_of_records_alone(tmp_path):
    async def exists(file):
        return os.path.exists(file.file)

    asked = intact.vouched_for(exists)

    def there(path: Path) -> bool:
        return asyncio.run(asked(SimpleNamespace(file=str(path))))

    assert there(RECORD) and there(FILES[0]) and not there(FOLDER / "faces" / "001.json")
    DAMAGES["bit flipped"](FILES[0])
    assert there(FILES[0]) and there(RECORD), "a run looks once"
    asked = intact.vouched_for(exists)
    assert there(FILES[0]) and not there(RECORD)
    intact.note(RECORD, write_record(RECORD, "faces", FILES))
    assert there(RECORD), "the record was made anew"
