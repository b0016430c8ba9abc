"""Two runs at once, a clock that was set back, files that were touched."""

import os
import random
import subprocess
import time

import pytest
from faults import pipeline

pytestmark = [pytest.mark.faults, pytest.mark.dag, pytest.mark.weights]


def test_second_run_in_one_folder_is_refused_and_harms_nothing(reference, folder):
    pipeline.forget(folder, "codes", "reconstructions")
    first = pipeline.start(folder, "codes")
    pipeline.wait_for(lambda: pipeline.is_at_work(folder, first.pid, "codes"), "the first run to be at work")
    second = pipeline.run(folder, "codes")
    assert first.poll() is None, "the first run ended too soon for this test"
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stderr and "Traceback" not in second.stderr
    assert first.wait(pipeline.PATIENCE) == 0
    assert pipeline.artifacts(folder, "codes") == pipeline.artifacts(reference, "codes")
    assert pipeline.run_well(folder, "codes") == {}


def touch_everything(folder, when) -> None:
    """Give every file another time of change, in no order."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    random.shuffle(files)
    for path in files:
        os.utime(path, (when(), when()))


def test_touching_every_file_reruns_nothing(folder):
    touch_everything(folder, lambda: time.time() - random.uniform(0, 1000))
    done = pipeline.run(folder)
    assert done.returncode == 0 and "Nothing to be done" in done.stderr, done.stderr


def test_clock_that_was_set_back(reference, folder):
    """All files are from tomorrow. What is finished stays so; what would be older than what it is made of, Snakemake
    refuses, until the files are of today again."""
    touch_everything(folder, lambda: time.time() + 86_400 + random.uniform(0, 1000))
    assert "Nothing to be done" in pipeline.run(folder).stderr
    (folder / "data" / "pairs.csv").unlink()
    before = pipeline.stored(folder)
    done = pipeline.run(folder, "data/pairs.csv")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "Output data/pairs.csv has older modification time" in done.stderr
    subprocess.run(["find", ".", "-newermt", "now", "-type", "f", "-exec", "touch", "{}", "+"], cwd=folder, check=True)
    assert pipeline.run_well(folder) == {}
    assert pipeline.stored(folder).keys() == before.keys()
    pipeline.assert_same_result(folder, reference)
