"""A disk that is full or cannot be written: one clear error, nothing lost, and the same command goes on afterwards."""

import re
import subprocess
from pathlib import Path

import pytest
from faults import pipeline
from support import run_module

pytestmark = [pytest.mark.faults, pytest.mark.dag, pytest.mark.weights, pytest.mark.usefixtures("root")]

FULL = "cannot be written (No space left on device); finished items are kept: make room and run again"


def resize(path: Path, size: str) -> None:
    """Make room on a file system in memory."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(path)], check=True)


def fill(folder: Path) -> Path:
    """Write a file that takes all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def test_no_room_for_an_item(reference, folder):
    """The first code finds room in the store, the second does not."""
    size = max(sum(file.stat().st_size for file in path.parent.iterdir()) for path in pipeline.stored(folder, "codes"))
    pipeline.forget(folder, "codes")
    store = folder / ".cache" / "codes"
    with pipeline.mounted(store, "-t", "tmpfs", "-o", f"size={size * 3 // 2}", "none"):
        assert pipeline.one_error(folder, "codes").endswith(FULL)
        assert len(finished := pipeline.stored(folder, "codes")) == 1
        resize(store, "64m")
        assert pipeline.run_well(folder, "codes") == {"codes": 1}
        assert finished.items() <= pipeline.stored(folder, "codes").items()
        assert pipeline.artifacts(folder, "codes") == pipeline.artifacts(reference, "codes")


def test_no_room_for_the_table(reference, folder):
    pipeline.forget(folder)
    with pipeline.mounted(folder / "reports", "-t", "tmpfs", "-o", "size=64k", "none"):
        ballast = fill(folder / "reports")
        error = pipeline.one_error(folder)
        assert error.startswith("reports/metrics.parquet: ") and error.endswith(FULL)
        ballast.unlink()
        resize(folder / "reports", "16m")
        assert pipeline.run_well(folder) == {}
        pipeline.assert_same_result(folder, reference)


def test_no_room_for_what_snakemake_notes(reference, folder):
    """The disk fills up while a job runs: its outputs are there, but Snakemake cannot note that it made them."""
    notes = folder / ".snakemake"
    (folder / "data" / "pairs.csv").unlink()
    record = folder / "data" / "records" / "pairs.json"
    record.unlink()
    with pipeline.mounted(notes, "-t", "tmpfs", "-o", "size=1m", "none"):
        run = pipeline.start(folder, "data/pairs.csv")
        pipeline.wait_for(lambda: record.exists() or run.poll() is not None, "the pairs")
        ballast = fill(notes)
        assert run.wait(pipeline.PATIENCE) != 0
        log = (folder / "run.log").read_text()
        assert "Error recording metadata for finished job ([Errno 28] No space left on device)" in log
        assert "Traceback" not in log
        ballast.unlink()
        pipeline.run_well(folder, "data/pairs.csv")
    assert pipeline.artifacts(folder, "pairs.csv") == pipeline.artifacts(reference, "pairs.csv")


def test_read_only_data(folder):
    """What is finished can still be looked at; what would write says what it cannot write, before it computes."""
    before = pipeline.artifacts(folder, ".")
    with pipeline.mounted(folder / "data", "--bind", str(folder / "data")):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder / "data")], check=True)
        done = pipeline.run(folder)
        assert done.returncode == 0 and "Nothing to be done" in done.stdout + done.stderr
        pipeline.change(folder, {"blend": {"steps": 2}})
        done = pipeline.run(folder)
        assert done.returncode != 0
        assert re.search("Write-protected output files for rule make_(composites|measured_pairs)", done.stderr)
        assert "Traceback" not in done.stderr and "stored" not in done.stderr
        section = '{"file":"pairs.csv","strategy":"variety","take":"both","count":2,"seed":0}'
        arguments = ["--params", section, "--scheme", "celebamask-16", "--images", "data/images.csv"]
        arguments += ["--faces", "data/faces", "--maps", "data/maps", "--out", "data/pairs.csv"]
        arguments += ["--manifest", "data/pairs.json"]
        by_hand = run_module(folder, "stages.pairs", *arguments, "--record", "data/records/pairs.json")
        assert by_hand.returncode == 1 and by_hand.stderr.count("\n") == 1
        assert "Read-only file system: 'data/records/pairs.json'" in by_hand.stderr
    assert pipeline.artifacts(folder, ".") == before
    pipeline.change(folder, {"blend": {"steps": 1}})
    assert "Nothing to be done" in pipeline.run(folder).stderr
