"""`python -m stages.status`: one screen that is right while a run works, after it has ended, and after a kill."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from support import run_module

from stages.engine.run_log import SILENCE, RunLog, file_of
from stages.engine.stage_records import AGAIN

JOBS = {"images": 1, "faces/000": 2, "faces/001": 2, "codes/000": 4, "report": 1}


class Process:
    """Another process that is alive until it is killed, as the one that writes a run log."""

    def __init__(self):
        self.process = subprocess.Popen(["sleep", "600"])
        self.facts = {"pid": self.process.pid, "since": psutil.Process(self.process.pid).create_time()}

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def process():
    process = Process()
    yield process
    process.kill()


@pytest.fixture
def log(tmp_path, monkeypatch, process) -> RunLog:
    """The log of a run that has done the images, and works on the second chunk of faces; the first has failed."""
    monkeypatch.chdir(tmp_path)
    log = RunLog(Path("logs/run.jsonl"))
    log.write("began", run="old", **process.facts)
    log.write("planned", jobs={"gone": 1})
    log.write("began", run="new", **process.facts)
    log.write("planned", jobs=JOBS)
    for job in ("images", "faces/000", "faces/001"):
        log.write("submitted", job=job)
    log.write("done", job="images")
    write("faces/000", process, "computed", "failed")
    RunLog(file_of("faces/000"), job="faces/000").write("ended", reason="data/a: damaged")
    log.write("failed", job="faces/000", reason="data/a: damaged")
    write("faces/001", process, "stored")
    return log


def write(job, process, *states):
    log = RunLog(file_of(job), job=job)
    log.write("began", run="new", **process.facts)
    for state in states:
        log.write(state, stage="faces", item=f"{state}-1", seconds=3.0, reason="no face" if state == "failed" else None)


def status(code=0) -> str:
    done = run_module(Path.cwd(), "stages.status")
    assert done.returncode == code, done.stderr
    assert len(done.stdout.splitlines()) <= 40
    return done.stdout + done.stderr


def row(text, stage):
    (line,) = [line for line in text.splitlines() if line.startswith(f"{stage} ")]
    return line.split(maxsplit=6)


def test_a_run_at_work(log):
    text = status()
    assert text.startswith("Running for ") and "4 of 10 done" in text.splitlines()[0]
    assert "gone" not in text, "that was another run"
    *numbers, state = row(text, "faces")
    assert numbers == ["faces", "3/4", "1", "1", "1", "3.0"]
    assert state == f"failed 000, running 001 on {os.uname().nodename}"
    assert row(text, "images") == ["images", "1/1", "done"] and row(text, "codes")[-1] == "waiting"
    assert "FAILED: faces/000: data/a: damaged; log: logs/faces/000.log" in text
    assert "faces: failed-1 failed: no face" in text


def test_a_killed_run_is_not_taken_for_one_at_work(log, process):
    log.write("submitted", job="report")
    process.kill()
    locks = Path(".snakemake/locks")
    locks.mkdir(parents=True)
    (locks / "0.input.lock").touch()
    text = status()
    assert text.startswith("LOST: ") and "snakemake --unlock" in text and "4 of 10 done" in text
    assert row(text, "faces")[-1] == "failed 000, lost 001"
    assert row(text, "report")[-1] == "lost", "it was at work, and had not begun its log"
    shutil.rmtree(locks)  # as `snakemake --unlock` does
    text = status()
    assert "--unlock" not in text and "Type the same command to go on" in text


@pytest.mark.parametrize(
    ("reason", "goes_on"),
    [
        ("data/a: damaged", False),
        (f"data/a: not as the stage wrote it, damaged or edited; {AGAIN}", True),
        ("Ctrl-C", True),
        (None, False),  # it ended well, and Snakemake refused what it made
    ],
)
def test_the_same_command_is_said_to_go_on_only_if_it_does(log, process, reason, goes_on):
    RunLog(file_of("faces/000"), job="faces/000").write("ended", reason=reason)
    log.write("ended", reason="1 job failed")
    assert ("\nType the same command to go on" in status()) == goes_on
    assert ("\nCorrect what failed, then type the same command" in status()) != goes_on


def test_a_job_that_ended_while_the_run_was_stopped_is_at_work_no_more(log, process):
    """After Ctrl-C the job ends its item and says so, and Snakemake never looks at it again."""
    RunLog(file_of("faces/001"), job="faces/001").write("ended")
    assert "running 001" in row(status(), "faces")[-1], "Snakemake may still see it"
    log.write("ended", reason="stopped by Ctrl-C")
    assert row(status(), "faces")[-1] == "failed 000, lost 001"


def test_a_job_that_was_killed_alone(log):
    other = Process()
    write("codes/000", other, "computed")
    log.write("submitted", job="codes/000")
    assert "running 000" in row(status(), "codes")[-1]
    other.kill()
    assert row(status(), "codes")[-1] == "lost 000"


def test_a_run_of_another_host_is_believed_while_it_beats(log, process):
    for path in (log.path, file_of("faces/001")):
        path.write_text(path.read_text().replace(f'"host": "{os.uname().nodename}"', '"host": "node-7"'))
    process.kill()
    text = status()
    assert text.startswith("Running for ") and "running 001 on node-7" in text
    old = time.time() - SILENCE - 1
    for path in (log.path, file_of("faces/001")):
        os.utime(path, (old, old))
    assert status().startswith("LOST: ")


def test_a_job_that_does_not_know_its_run_counts_by_its_time(log, process):
    """A cluster may not hand the environment on."""
    pod = RunLog(file_of("codes/000"), job="codes/000")
    pod.write("began", **process.facts)
    pod.write("computed", stage="codes", item="a", seconds=1.0)
    assert row(status(), "codes")[1] == "0/4", "it began before, in another run"
    log.write("submitted", job="codes/000")
    pod.write("began", **process.facts)
    pod.write("computed", stage="codes", item="b", seconds=1.0)
    assert row(status(), "codes")[1] == "1/4" and "running 000" in row(status(), "codes")[-1]


def test_a_run_that_has_ended(log, process):
    log.write("ended", reason="1 job failed")
    process.kill()
    assert status().startswith("NOT DONE: the run ended at ")
    log.write("began", run="third", **process.facts)
    log.write("planned", jobs={"faces/000": 2, "report": 1})
    for job in ("faces/000", "report"):
        log.write("submitted", job=job)
        log.write("done", job=job)
    log.write("ended")
    text = status()
    assert text.startswith("Done: ") and "2 items and 1 list or table" in text.splitlines()[0]
    assert row(text, "faces")[-1] == "done", "also without a word of its own"


def test_many_stages_fit_a_screen(log):
    methods = {f"composites-{k}/000": 3 for k in range(60)}
    log.write("planned", jobs=JOBS | methods)
    text = status()
    assert "waiting: codes, report, composites-0, " in text
    assert row(text, "faces")


def test_a_folder_without_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no run has begun in this folder" in status(code=1)
