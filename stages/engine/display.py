"""What a run shows while it works: a line when a stage is done, one of every failure, and how far it is.

On a terminal the last is a bar. In a log, which is a pipe or a file, it is a plain line now and then.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Never, TextIO

from tqdm import tqdm

from stages.engine.run_log import file_of
from stages.engine.run_state import Job, Left, Run
from stages.engine.stage_records import AGAIN
from stages.formats.words import counted

GO_ON = "Type the same command to go on; what is finished is kept."
MEND = "Correct what failed, then type the same command to go on; what is finished is kept."
ASKED = ("SIGTERM", "SIGINT", "SIGHUP")
REFUSED = "SLURM sbatch failed"  # so Slurm's plugin begins
WIDE = 80  # columns; a narrower terminal has no room for a bar beside the time left
AT_WORK = 2  # jobs that a line of progress names
FEW = 5.0  # s; less is not worth a number
NAMED = 5  # failed items that are named a stage; the others are counted, and their logs name them
PLAIN_SECONDS = 60.0  # at least between two plain lines
PLAIN_SHARE = 0.1  # of all items: so many more are a plain line worth,
PLAIN_PATIENCE = 600.0  # or so many seconds without one


def duration(seconds: float) -> str:
    """Seconds in words: `40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(0, round(seconds))
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def counts(items: Counter[str]) -> str:
    """How many items were stored, computed and failed."""
    said = f"{items['stored']} stored, {items['computed']} computed"
    return said + (f", {items['failed']} failed" if items["failed"] else "")


def work_text(jobs: Iterable[Job]) -> str:
    """How much work some jobs are: items, and things that are made as a whole."""
    jobs = list(jobs)
    items, wholes = sum(job.items for job in jobs if job.works_on_items), sum(not job.works_on_items for job in jobs)
    said = [counted(items, "item")] if items else []
    return " and ".join(said + ([counted(wholes, "list or table", "lists and tables")] if wholes else []))


def left_text(left: Left) -> str:
    """How long a run still takes, as far as it is known."""
    if left.share > 0.5 or (left.unknown and left.seconds < 1):
        return "time left not known yet"
    if left.seconds < FEW and not left.unknown:
        return "a few seconds left"
    return f"{'more than' if left.unknown else 'about'} {duration(left.seconds)} left"


def progress_text(run: Run, now: float) -> str:
    """How long the run still takes, and what is at work."""
    working = [job.name for job in run.jobs.values() if job.said == "submitted"]
    names = ", ".join(working[:AT_WORK]) + (f" and {len(working) - AT_WORK} more" if len(working) > AT_WORK else "")
    return left_text(run.left(now)) + (f"; at work: {names}" if names else "")


def stage_text(run: Run, stage: str) -> str:
    """What a stage that is done has done; of one without items, what it said last."""
    jobs = run.of_stage(stage)
    took = max((job.finished or 0.0) for job in jobs) - min((job.started or job.finished or 0.0) for job in jobs)
    if not jobs[0].works_on_items:
        return f"{stage}: {last_words(jobs[0]) or 'done'} ({duration(took)})"
    items = counted(sum(job.items for job in jobs), "item")
    chunks = f" in {len(jobs)} chunks" if len(jobs) > 1 else ""
    return f"{stage}: {items}{chunks}, {counts(run.counted(jobs))} ({duration(took)})"


def log_of(job: Job) -> Path:
    """The file with the messages of a job."""
    return file_of(job.name).with_suffix(".log")


def last_words(job: Job) -> str:
    """The last message of a job, without its date; empty if there is none of this run."""
    if job.now.began is None:
        return ""
    try:
        lines = log_of(job).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1].split(" ", 2)[-1] if lines else ""


def reason_of(job: Job, status: str) -> str:
    """Why a job failed: what it said itself, else how its process ended."""
    if job.now.reason:
        return job.now.reason
    if status.startswith(REFUSED):
        return status
    ended = f"its process {status}" if status else "its process ended"
    if job.now.began is None:
        return f"{ended} before it began its log; see what it printed"
    if job.now.ended is not None:
        return "its process ended well, but Snakemake refused what it made, and said why above"
    signal = status.rpartition(" ")[2] if "SIG" in status else ""
    if signal in ASKED:
        return f"{ended}: somebody or the system asked it to stop"
    if status and signal != "SIGKILL":
        return f"{ended}; see what it printed"
    return f"{ended} without a message; something killed it, perhaps because memory was full"


def go_on(run: Run) -> str:
    """What to do about a run that has not done all. What a job said of itself, it says again unless that is mended.

    So it is with one that could not begin. But what it was killed by, or found damaged, is no more there.
    """
    for job in run.jobs.values():
        was_killed = job.now.began is not None and job.now.ended is None
        if job.state == "failed" and not was_killed and not _passes(job.now.reason or ""):
            return MEND
    return GO_ON


def _passes(reason: str) -> bool:
    """Whether the same command alone mends what a job ended by: its own stop, or a file that is made anew."""
    return reason in ("Ctrl-C", "stopped") or reason.endswith(AGAIN)


def failure_text(job: Job, rule: str, status: str, logs: Iterable[str]) -> list[str]:
    """The lines on a job that failed: its rule, why, and its logs, of which a cluster has more than one."""
    return [f"FAILED: {job.name} (rule {rule})", f"  error: {reason_of(job, status)}", f"  log: {', '.join(logs)}"]


def failed_items(run: Run) -> list[str]:
    """The items that failed, a few of each stage by name."""
    lines = []
    failures = [(job, failure) for job in run.jobs.values() for failure in job.now.failures]
    for stage in dict.fromkeys(failure.stage for _, failure in failures):
        found = [(job, failure) for job, failure in failures if failure.stage == stage]
        lines += [f"{stage}: {failure.item} failed: {failure.reason}" for _, failure in found[:NAMED]]
        if len(found) > NAMED:
            more = counted(len(found) - NAMED, "more item")
            lines.append(f"{stage}: {more} failed; the logs in {log_of(found[-1][0]).parent} name them")
    return lines


class Screen:
    """Prints lines with the time of day, and how far the run is, to a terminal or a log."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.bar: tqdm[Never] | None = None
        self.said, self.share = time.monotonic(), 0.0

    @contextmanager
    def above(self) -> Iterator[None]:
        """While something else prints, the bar is not there."""
        with tqdm.external_write_mode(file=self.stream):
            yield

    def say(self, *lines: str) -> None:
        """Print lines; the first one gets the time."""
        with self.above():
            for k, line in enumerate(lines):
                print(f"{time.strftime('%H:%M:%S') if k == 0 else ' ' * 8} {line}", file=self.stream, flush=True)

    def show(self, run: Run) -> None:
        """Show how far the run is."""
        done, of = run.items
        if not self.terminal:
            self._plainly(run, done, of)
            return
        if self.bar is None:
            self.bar = tqdm(total=of, file=self.stream, leave=False, dynamic_ncols=True)
        bar = "{bar:20} " if os.get_terminal_size(self.stream.fileno()).columns >= WIDE else ""
        self.bar.bar_format = f"{{percentage:3.0f}}% {bar}{{n_fmt}} of {{total_fmt}}{{postfix}}"
        self.bar.total, self.bar.n = of, done
        self.bar.set_postfix_str(progress_text(run, time.time()), refresh=False)
        self.bar.refresh()

    def _plainly(self, run: Run, done: int, of: int) -> None:
        now, share = time.monotonic(), done / max(1, of)
        since, more = now - self.said, share - self.share
        if since > PLAIN_PATIENCE or (since > PLAIN_SECONDS and more >= PLAIN_SHARE):
            self.say(f"{share:.0%}: {done} of {of} done, {progress_text(run, time.time())}")
            self.said, self.share = now, share

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
