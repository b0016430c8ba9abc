"""What Snakemake's plugin for Slurm lacks: patience with a controller that is away, and the reason of a failure.

Without a Slurm that answers, the plugin (2.8.0) lets every job fail by itself. While `slurmctld` does not answer, it
forgets the jobs that it asked for, and the run never ends. And why Slurm ended a job stands only in the job's own log,
far from its end.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from logging import Logger
from pathlib import Path
from typing import Any

import psutil

from stages.errors import UserError

PLUGIN = "snakemake_executor_plugin_slurm"
LOGS = Path("logs/slurm")  # workflow/profiles/slurm says so

Answer = tuple[dict[str, str] | None, float | None]  # states by the number of the job, and seconds; None without one
Query = Callable[[str, Logger], Awaitable[Answer]]

COMMANDS = ("sbatch", "sinfo", "squeue")
PATIENCE = 60.0  # s in which Slurm has to answer before a run begins
WAIT = "try again when `sinfo` lists its machines"
REASONS = {
    "out of memory: ask for more (mem_mb)": r"oom-kill event|exceeded (job )?memory limit",
    "out of time: ask for more (runtime)": "DUE TO TIME LIMIT",
    "its node failed": "DUE TO NODE FAILURE",
    "cancelled": "CANCELLED AT",
    "slurmctld did not answer": "Unable to contact slurm controller",
}


def check_answers() -> None:
    """Raises UserError if this machine has no Slurm, or that does not answer."""
    if missing := [command for command in COMMANDS if shutil.which(command) is None]:
        gone = " and no ".join(missing)
        raise UserError(f"there is no Slurm here: no {gone}; type it where `sbatch` works, or without the profile")
    try:
        done = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise UserError(f"Slurm does not answer: `sinfo` has said nothing for {PATIENCE:.0f} s; {WAIT}") from None
    if done.returncode:
        said = next(iter(done.stderr.splitlines()), f"exit status {done.returncode}")
        raise UserError(f"Slurm does not answer: {said}; {WAIT}")


def asking(begin: Callable[..., None], stop: Callable[[UserError], None]) -> Callable[..., None]:
    """How the plugin begins, once Slurm has answered; else what is wrong is handed to `stop`."""

    @wraps(begin)
    def of(*given: Any, **named: Any) -> None:
        try:
            check_answers()
        except UserError as error:
            stop(error)
        begin(*given, **named)

    return of


def patient(query: Query) -> Query:
    """A query for which no answer is an empty one: the plugin then takes all jobs to be at work, and asks again."""

    @wraps(query)
    async def of(command: str, logger: Logger) -> Answer:
        states, seconds = await query(command, logger)
        if states is not None:
            return states, seconds
        logger.warning("Slurm does not answer: its jobs are taken to be at work, and it is asked again.")
        return {}, 0.0

    return of


def mend_plugin(stop: Callable[[UserError], None]) -> None:
    """Let the plugin ask first, and be patient, if Snakemake has loaded it; a second call changes nothing.

    Args:
        stop: ends a run with a user's mistake.
    """
    plugin: Any = sys.modules.get(PLUGIN)
    if plugin is not None and not hasattr(plugin.query_job_status, "__wrapped__"):
        plugin.query_job_status = patient(plugin.query_job_status)
        plugin.Executor.__init__ = asking(plugin.Executor.__init__, stop)


def say_why() -> None:
    """Print a line for each job of this run that Slurm ended."""
    for line in reasons(psutil.Process().create_time()):
        print(line, file=sys.stderr)


def reasons(since: float, logs: Path = LOGS) -> list[str]:
    """Why Slurm ended jobs, a line for each, by the logs that were written after a time (s since 1970).

    The plugin keeps the logs of failed jobs only: LOGS/RULE/WILDCARDS/NUMBER.log. Of a job that was tried again the
    last counts.
    """
    found = {}
    for path in sorted(logs.rglob("*.log"), key=lambda path: path.stat().st_mtime):
        if path.stat().st_mtime < since:
            continue
        text = path.read_text(errors="replace")
        for reason, pattern in REASONS.items():
            if re.search(pattern, text):
                job = " ".join(path.relative_to(logs).parts[:-1]).removeprefix("rule_")
                found[job] = f"{job}: {reason}; Slurm's job {path.stem}, log {path}"
                break
    return list(found.values())
