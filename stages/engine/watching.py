"""Snakemake's process, as far as watching goes: it writes logs/run.jsonl and shows what the run does.

Snakemake has plugins that print in its place. It finds them among installed packages only, and they learn of jobs, not
of items. So the Snakefile puts a handler into Snakemake's own logger: nothing has to be installed, and it is there
however Snakemake is started. What Snakemake prints otherwise goes through, but for a list of what nobody needs to read;
all of it is in its log below .snakemake/log. Snakemake prints itself if somebody asks for something else: --quiet,
--verbose, --printshellcmds, --debug-dag, --logger, a dry run.
"""

import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stages.engine.display import NAMED, REFUSED, Screen, counts, duration, failure_text, go_on, stage_text, work_text
from stages.engine.run_log import RUN, RUN_VARIABLE, WATCHED_VARIABLE, RunLog, job_of
from stages.engine.run_state import Job, Run
from stages.formats.words import counted

LOOK = 1.0  # s between two looks at what jobs have written
OF_JOBS = (
    "workflow_started", "run_info", "shellcmd", "job_info", "job_started", "job_finished", "job_error",
    "resources_info", "progress", "group_info",
)  # fmt: skip
CHATTER = (
    "Building DAG of jobs", "Using shell:", "Select jobs to execute", "Assuming unrestricted shared filesystem",
    "DAG of jobs will be updated", "Updating checkpoint dependencies", "Restored previous version of",
    "Removing output files of failed job", "Shutting down, this might take", "Exiting because a job execution failed",
    "Complete log(s):", "Elapsed time:", "WorkflowError:\nAt least one job did not complete",
    "No SLURM account given", "No account was given", "Unable to guess SLURM account", "Cleaning up SLURM log files",
)  # fmt: skip
SUBMITTED = re.compile(r"Job \d+ has been submitted with SLURM|Submitted job \d+ with external")
CLOSING = ("Shutting down, this might take", "Exiting because a job execution failed")
ENDED = re.compile(r"died with <Signals\.(\w+)|returned non-zero exit status (\d+)")


class Watch(logging.Handler):
    """Turns what Snakemake logs into lines of the run log, and shows the run on a screen if there is one."""

    def __init__(self, workflow: Any, items_of: Callable[[Any], int], passed: logging.Handler | None) -> None:
        super().__init__()
        self.workflow, self.items_of, self.passed = workflow, items_of, passed
        self.screen = None if passed is None else Screen(getattr(passed, "stream", sys.stderr))
        self.log: RunLog | None = None
        self.run: Run | None = None
        self.names: dict[int, str] = {}  # of jobs by Snakemake's number
        self.statuses: dict[str, str] = {}  # how the processes of jobs ended
        self.told: dict[str, int] = {}  # failed items that were named, by stage
        self.over = threading.Event()
        self.stopped: str | None = None
        self.closing = False  # the bar is gone for good

    def emit(self, record: logging.LogRecord) -> None:
        """Take a message of Snakemake's."""
        try:
            self._take(record)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """The run is over, in whatever way."""
        with suppress(Exception):
            self._end("stopped")
        super().close()

    def _take(self, record: logging.LogRecord) -> None:
        event, text = str(getattr(record, "event", None) or ""), record.getMessage()
        if self.run is not None or event == "run_info":
            self._follow(record, event, text)
        if self.screen is None or self.passed is None:
            return
        if self.workflow.touch:
            self.passed.handle(record)
            return
        is_chatter = event in OF_JOBS or text.startswith(CHATTER) or "\nCalledProcessError in " in text
        is_chatter = is_chatter or SUBMITTED.match(text) is not None
        if not is_chatter:
            with self.screen.above():
                self.passed.handle(record)

    def _follow(self, record: logging.LogRecord, event: str, text: str) -> None:
        if event == "run_info":
            if self.run is None and not self.workflow.dryrun and not self.workflow.touch:
                self._begin()
            return
        if event == "job_started":
            self._plan()
        elif event == "job_info" and (log := _log_of(record)):
            self.names[record.jobid] = job_of(log)  # type: ignore[attr-defined]
            self._write("submitted", job=job_of(log))
        elif event == "job_finished":
            if name := self.names.get(record.job_id):  # type: ignore[attr-defined]
                self._finished(name)
        elif event == "job_error" and (log := _log_of(record)):
            if str(said := getattr(record, "rule_msg", "")).startswith(REFUSED):
                self.statuses[job_of(log)] = str(said).partition("\n")[0]
            self._failed(job_of(log), record.rule_name, record.log)  # type: ignore[attr-defined]
        elif "CalledProcessError in " in text:
            found, log_file = ENDED.search(text), re.search(r" --log (\S+)", text)
            if found and log_file:
                killed = f"was ended by {found[1]}" if found[1] else _status(int(found[2]))
                self.statuses[job_of(Path(log_file[1]))] = killed
        elif text.startswith(CLOSING):
            self._close_screen()  # what comes may be printed past this handler
        elif text.startswith("Terminating processes on user request"):
            self.stopped = "stopped by Ctrl-C"
        elif text.startswith("Complete log(s):"):
            self._end(None)

    def _begin(self) -> None:
        name = f"{time.strftime('%Y%m%dT%H%M%S')}-{socket.gethostname()}-{os.getpid()}"
        os.environ[RUN_VARIABLE] = name
        if self.screen is not None:
            os.environ[WATCHED_VARIABLE] = "1"
        self.log = RunLog(RUN)
        self.run = Run(self.log.begin(run=name))
        self._plan()
        self.run.read()
        if self.screen is not None:
            given = ", ".join(f"{key}={value}" for key, value in _resources(self.workflow).items())
            self.screen.say(f"{counted(len(self.run.jobs), 'job')}: {work_text(self.run.jobs.values())} ({given})")
            self.screen.show(self.run)
            threading.Thread(target=self._look, name="watch", daemon=True).start()

    def _write(self, state: str, **facts: object) -> None:
        if self.log is not None and self.run is not None:
            self.run.apply(self.log.write(state, **facts))

    def _plan(self) -> None:
        """Note which jobs there are, if others than before: a checkpoint can tell."""
        if self.run is None:
            return
        kept = {name: job.items for name, job in self.run.jobs.items() if job.said != "waiting"}
        order = {rule.name: k for k, rule in enumerate(self.workflow.rules)}
        needed = [job for job in self.workflow.dag.needrun_jobs(exclude_finished=False) if job.log]
        needed.sort(key=lambda job: (order.get(job.rule.name, 0), str(job.log[0])))
        jobs = kept | {name: kept.get(name, self.items_of(job)) for job in needed for name in [_name(job)]}
        if jobs.keys() != self.run.jobs.keys():
            self._write("planned", jobs=jobs)

    def _finished(self, name: str) -> None:
        self._write("done", job=name)
        if self.run is None or name not in self.run.jobs or self.screen is None:
            return
        job = self.run.jobs[name]
        self._tell(job)
        if all(each.said == "done" for each in self.run.of_stage(job.stage)):
            self.screen.say(stage_text(self.run, job.stage))
        if not self.closing:
            self.screen.show(self.run)

    def _failed(self, name: str, rule: str, logs: Sequence[str]) -> None:
        if self.run is None or name not in self.run.jobs:
            return
        job, status = self.run.jobs[name], self.statuses.get(name, "")
        self._tell(job)
        lines = failure_text(job, rule, status, logs)
        self._write("failed", job=name, reason=lines[1].removeprefix("  error: "))
        if self.screen is not None and self.stopped is None:
            self.screen.say(*lines)

    def _tell(self, job: Job) -> None:
        """Read what a job has written, and say which items failed, and what it warned of."""
        before = len(job.now.failures), len(job.now.warnings)
        self.run.read([job])  # type: ignore[union-attr]
        if self.screen is None:
            return
        for stage, item, reason in job.now.failures[before[0] :]:
            self.told[stage] = self.told.get(stage, 0) + 1
            if self.told[stage] <= NAMED:
                self.screen.say(f"{stage}: {item} failed: {reason}")
            elif self.told[stage] == NAMED + 1:
                self.screen.say(f"{stage}: more items failed; the logs below logs/{job.stage} name them")
        for warning in job.now.warnings[before[1] :]:
            self.screen.say(f"{job.name}: {warning}")

    def _look(self) -> None:
        while not self.over.wait(LOOK):
            with self._locked():
                if self.run is None or self.screen is None or self.closing:
                    continue
                for job in self.run.jobs.values():
                    if job.said == "submitted":
                        self._tell(job)
                self.screen.show(self.run)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _close_screen(self) -> None:
        self.closing = True
        if self.screen is not None:
            self.screen.close()

    def _end(self, reason: str | None) -> None:
        """End the log and the screen; a second time does nothing."""
        if self.over.is_set() or self.run is None or self.log is None:
            return
        self.over.set()
        os.environ.pop(WATCHED_VARIABLE, None)
        failed = [job for job in self.run.jobs.values() if job.said == "failed"]
        undone = [job for job in self.run.jobs.values() if job.said != "done"]
        if reason is None and undone:
            reason = self.stopped or (f"{counted(len(failed), 'job')} failed" if failed else "stopped")
        self.run.apply(self.log.end(reason))
        if self.screen is None:
            return
        self._close_screen()
        items = self.run.counted(self.run.jobs.values())
        said = f"; {counts(items)} items" if items.total() else ""
        took, jobs = duration(time.time() - self.run.at), counted(len(self.run.jobs), "job")
        if undone:
            self.screen.say(f"NOT DONE after {took}, {reason}: {len(undone)} of {jobs} left{said}.", go_on(self.run))
        else:
            self.screen.say(f"Done in {took}: {jobs}{said}.")
        account = ", ".join(map(_shortest, self.workflow.logger_manager.get_logfile()))
        self.screen.say(f"Snakemake's full account: {account}")


def _status(code: int) -> str:
    """How a process ended, from its exit status; a shell's above 128 is a signal's."""
    with suppress(ValueError):
        return f"was ended by {signal.Signals(code - 128).name}" if code > 128 else f"ended with status {code}"
    return f"ended with status {code}"


def _shortest(path: str) -> str:
    return os.path.relpath(path)


def _log_of(record: logging.LogRecord) -> Path | None:
    logs = getattr(record, "log", None)
    return Path(logs[0]) if logs else None


def _name(job: Any) -> str:
    return job_of(Path(str(job.log[0])))


def _resources(workflow: Any) -> dict[str, object]:
    """What Snakemake may use: cores, or jobs on a cluster, and the resources that were given."""
    given = {"cores": workflow._cores} if workflow.local_exec else {}
    given |= {"jobs": workflow.nodes} if workflow.nodes else {}
    resources = workflow.global_resources.items()
    return given | {name: getattr(found, "value", found) for name, found in resources if not name.startswith("_")}


def attach(workflow: Any, items_of: Callable[[Any], int]) -> None:
    """Watch a run of Snakemake's; the Snakefile calls it.

    Args:
        workflow: Snakemake's.
        items_of: how many items a job of Snakemake's has; 1 of a job that makes one thing.
    """
    from snakemake.logging import logger

    os.environ.pop(WATCHED_VARIABLE, None)  # of a Snakemake that started this one: a node of a cluster has its own log
    settings = workflow.output_settings
    if not workflow.is_main_process or settings.dryrun:
        return
    default = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    if settings.quiet or settings.verbose or settings.printshellcmds or settings.debug_dag:
        default = None
    if default is not None:
        logger.removeHandler(default)
    logger.addHandler(Watch(workflow, items_of, default))
