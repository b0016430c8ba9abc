"""Patience with a Slurm that does not answer, and reasons out of its logs."""

import asyncio
import logging
import os
import sys
from types import ModuleType

import pytest

from stages.engine import slurm
from stages.errors import UserError


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "^there is no Slurm here: no sbatch and no sinfo and no squeue; type it where `sbatch` works"),
        ("echo 'sinfo: Unable to contact slurm' >&2; exit 1", "does not answer: sinfo: Unable to contact slurm; try"),
        ("exec sleep 60", "does not answer: `sinfo` has said nothing for 0 s"),
        ("echo debug up", None),
    ],
)
def test_a_slurm_that_does_not_answer_is_said_before_the_plugin_begins(tmp_path, monkeypatch, answer, message):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(slurm, "PATIENCE", 0.2 if answer == "exec sleep 60" else 60.0)
    for command in slurm.COMMANDS if answer else ():
        (tmp_path / command).write_text(f"#!/bin/sh\nPATH={os.defpath}\n{answer}\n")
        (tmp_path / command).chmod(0o755)

    def stop(error):
        raise error

    begun = []
    begin = slurm.asking(begun.append, stop)
    if message is None:
        begin("workflow")
        assert begun == ["workflow"]
    else:
        with pytest.raises(UserError, match=message):
            begin("workflow")
        assert not begun


def test_no_answer_is_an_empty_one(monkeypatch, caplog):
    answers = iter([({"7": "RUNNING"}, 0.1), (None, None)])

    async def query(command, logger):
        return next(answers)

    plugin = ModuleType(slurm.PLUGIN)
    plugin.query_job_status = query
    plugin.Executor = type("Executor", (), {})
    monkeypatch.setitem(sys.modules, slurm.PLUGIN, plugin)
    slurm.mend_plugin(print)
    once = plugin.query_job_status
    slurm.mend_plugin(print)
    assert plugin.query_job_status is once
    asked = lambda: asyncio.run(plugin.query_job_status("squeue", logging.getLogger("test")))  # noqa: E731
    assert asked() == ({"7": "RUNNING"}, 0.1) and not caplog.text
    assert asked() == ({}, 0.0) and "Slurm does not answer" in caplog.text


def test_the_installed_plugin_asks_by_that_function():
    plugin = pytest.importorskip(slurm.PLUGIN)
    assert "query_job_status" in plugin.Executor.check_active_jobs.__code__.co_names


def test_without_the_plugin_nothing_happens(monkeypatch):
    monkeypatch.delitem(sys.modules, slurm.PLUGIN, raising=False)
    slurm.mend_plugin(print)


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
