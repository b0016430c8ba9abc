"""A stage that is refused memory by the kernel halves its batch; an item that does not fit alone is recorded."""

import json
import sys

import pytest
from faults import pipeline

pytestmark = [
    pytest.mark.faults,
    pytest.mark.dag,
    pytest.mark.weights,
    pytest.mark.skipif(sys.platform != "linux", reason="macOS keeps no limit of the address space"),
]

FACES = 8
PLENTY = 2**45  # bytes; any limit at all changes how the stage takes memory, so it is measured under one
TOO_LITTLE = 256 * 2**20  # bytes less than all faces need one at a time; the first, in a fresh process, may still fit
# Python runs this at its start: it limits the address space of the stage under test, and says at its end how much
# of it was in use at most.
SITE = """
import atexit, os, resource, sys
from pathlib import Path

if sys.orig_argv[1:3] == ["-m", "stages.embed"]:
    folder = Path(os.environ["MEMORY"])
    if (folder / "limit").exists():
        limit = int((folder / "limit").read_text())
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    status = Path("/proc/self/status")
    peak = lambda: next(line for line in status.read_text().splitlines() if line.startswith("VmPeak")).split()[1]
    atexit.register(lambda: (folder / "peak").write_text(peak()))
"""


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """Folder of the limit and of the peak, in bytes and KiB."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    monkeypatch.setitem(pipeline.ENVIRONMENT, "PYTHONPATH", str(site))
    monkeypatch.setitem(pipeline.ENVIRONMENT, "MEMORY", str(site))
    return site


def embed(folder, memory, batch, limit):
    """Embed all faces anew; returns the largest address space in bytes, the log and the items' records."""
    (memory / "limit").write_text(str(limit))
    pipeline.change(folder, {"embed": {"batch": batch}})
    pipeline.forget(folder, "codes", "reconstructions")
    done = pipeline.run(folder, "codes")
    assert done.returncode == 0, done.stderr
    items = json.loads((folder / "data" / "records" / "codes" / "fs" / "000.json").read_text())["items"]
    return int((memory / "peak").read_text()) * 1024, done.stderr, items


def test_stage_in_too_little_memory(folder, memory):
    pipeline.change(folder, {"faces": {"drawn": {"count": FACES}}})
    least, _, _ = embed(folder, memory, 1, PLENTY)
    most, log, items = embed(folder, memory, FACES, PLENTY)
    assert "out of memory" not in log
    print(f"MiB of address space: {least / 2**20:.0f} for one face, {most / 2**20:.0f} for {FACES}")
    assert [item["status"] for item in items] == ["ok"] * FACES

    _, log, items = embed(folder, memory, FACES, (least + most) // 2)
    assert f"out of memory with a batch of {FACES}" in log
    assert [item["status"] for item in items] == ["ok"] * FACES

    _, _, items = embed(folder, memory, 2, least - TOO_LITTLE)
    failed = [item for item in items if item["status"] == "failed"]
    assert len(items) == FACES and len(failed) > FACES // 2
    assert all(item["reason"].startswith("out of memory (") for item in failed)
