"""Patience with a Slurm that does not answer, and reasons out of its logs."""

import asyncio
import logging
import os
import sys
from types import ModuleType

import pytest

from stages.engine import slurm


def test_no_answer_is_an_empty_one(monkeypatch, caplog):
    answers = iter([({"7": "RUNNING"}, 0.1), (None, None)])

    async def query(command, logger):
        return next(answers)

    plugin = ModuleType(slurm.PLUGIN)
    plugin.query_job_status = query
    monkeypatch.setitem(sys.modules, slurm.PLUGIN, plugin)
    slurm.be_patient()
    once = plugin.query_job_status
    slurm.be_patient()
    assert plugin.query_job_status is once
    asked = lambda: asyncio.run(plugin.query_job_status("squeue", logging.getLogger("test")))  # noqa: E731
    assert asked() == ({"7": "RUNNING"}, 0.1) and not caplog.text
    assert asked() == ({}, 0.0) and "Slurm does not answer" in caplog.text


def test_the_installed_plugin_asks_by_that_function():
    plugin = pytest.importorskip(slurm.PLUGIN)
    assert "query_job_status" in plugin.Executor.check_active_jobs.__code__.co_names


def test_without_the_plugin_nothing_happens(monkeypatch):
    monkeypatch.delitem(sys.modules, slurm.PLUGIN, raising=False)
    slurm.be_patient()


def test_reasons_of_this_run(tmp_path):
    """The last of a job counts; logs of earlier runs, and of failures that are not Slurm's, do not."""
    logs = {
        "rule_make_codes/000/1.log": (50, "slurmstepd-n1: error: Detected 1 oom-kill event(s) in StepId=1.0. Some"),
        "rule_make_codes/001/2.log": (101, "slurmstepd: error: *** JOB 2 ON n1 CANCELLED AT 2026-11-28T21:00:00 ***"),
        "rule_make_codes/001/4.log": (
            102,
            "error: *** JOB 4 ON n1 CANCELLED AT 2026-11-28T21:09 DUE TO TIME LIMIT ***",
        ),
        "rule_make_maps/000/5.log": (103, "error: data/faces/a.png: damaged"),
        "rule_make_report/6.log": (104, "srun: error: n2: task 0: Out Of Memory\nStepId=6.0 exceeded memory limit"),
    }
    for name, (time, text) in logs.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Building DAG of jobs...\n{text}\nWorkflowError\n")
        os.utime(path, (time, time))
    assert slurm.reasons(100, tmp_path) == [
        f"make_codes 001: out of time: ask for more (runtime); Slurm's job 4, log {tmp_path}/rule_make_codes/001/4.log",
        f"make_report: out of memory: ask for more (mem_mb); Slurm's job 6, log {tmp_path}/rule_make_report/6.log",
    ]
    assert slurm.reasons(100, tmp_path / "none") == []
