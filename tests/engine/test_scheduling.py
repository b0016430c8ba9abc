"""Snakemake looks for jobs when one ends, not once a second for each that has ended. Its limit on new jobs holds."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from stages.engine.scheduling import if_limited, only_when_needed

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
SNAKEFILE = """
from snakemake.scheduling.job_scheduler import JobScheduler
from stages.engine import scheduling

scheduling.only_when_needed()
select = JobScheduler.job_selector


def counted(scheduler, jobs):
    with open("looks", "a") as file:
        file.write("x")
    return select(scheduler, jobs)


JobScheduler.job_selector = counted


rule all:
    input: expand("made/{k}", k=range(6))


rule one:
    output: "made/{k}"
    shell: "sleep 0.5; touch {output}"
"""


@pytest.mark.parametrize(
    ("free", "delay", "looks"), [(3, 1, 0), (0, 1, 1), (3, 10, 1), (None, 10, 1)], ids=["free", "full", "queue", "none"]
)
def test_it_looks_again_only_where_the_limit_holds_jobs_back(free, delay, looks):
    """`queue`: Snakemake waits for another reason, by a delay of its own."""
    seen = []
    limit = None if free is None else SimpleNamespace(timespan=1, get_free_jobs=lambda: free)
    if_limited(lambda _, after: seen.append(after))(SimpleNamespace(job_rate_limiter=limit), delay)
    assert seen == [delay] * looks


def run(folder, *options):
    """Run six jobs of half a second, one at a time; seconds and looks."""
    (folder / "Snakefile").write_text(SNAKEFILE)
    began = time.monotonic()
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *options]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "made").iterdir())) == 6
    return time.monotonic() - began, len((folder / "looks").read_text())


def test_a_look_for_every_job(tmp_path):
    _, looks = run(tmp_path)
    assert looks <= 6 + 2


def test_the_limit_on_new_jobs_holds(tmp_path):
    seconds, _ = run(tmp_path, "--max-jobs-per-timespan", "2/4s")
    assert seconds >= 2 * 4, "six jobs, two in four seconds"


def test_a_second_call_changes_nothing(monkeypatch):
    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", JobScheduler._schedule_reevalutation)
    only_when_needed()
    once = JobScheduler._schedule_reevalutation
    only_when_needed()
    assert JobScheduler._schedule_reevalutation is once
