import asyncio
import os
from types import SimpleNamespace

from snakemake.io import _IOFile

from stages.engine.checksums import remember, remembering


def test_a_file_is_hashed_again_only_when_it_changed(tmp_path):
    asked = []

    async def checksum(file, threshold=None):
        asked.append(threshold)
        return file.file.read_text() if file.file.exists() else None

    of, file = remembering(checksum), SimpleNamespace(file=tmp_path / "file")

    def now(threshold=1):
        return asyncio.run(of(file, threshold))

    assert now() is None, "there is no file yet, and that is not remembered"
    file.file.write_text("one")
    assert [now(), now()] == ["one", "one"]
    assert asked == [1, 1]
    assert now(2) == "one", "another threshold is another question"
    assert asked == [1, 1, 2]
    file.file.write_text("other")
    assert [now(), now()] == ["other", "other"]
    before = file.file.stat()
    while file.file.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of the file system ticks coarsely
        file.file.write_text("third")  # as long as before, and put back to its time
        os.utime(file.file, ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert [now(), now()] == ["third", "third"]
    assert len(asked) == 5


def test_snakemake_remembers_once(monkeypatch):
    own = getattr(_IOFile.checksum, "__wrapped__", _IOFile.checksum)
    monkeypatch.setattr(_IOFile, "checksum", own)
    remember()
    first = _IOFile.checksum
    assert first is not own
    remember()
    assert _IOFile.checksum is first
    assert asyncio.iscoroutinefunction(first)
