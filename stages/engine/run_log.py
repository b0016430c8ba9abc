"""The run log: what a job does, item by item, in JSON lines. `docs/watching.md` says what each line holds.

Every job appends to a file of its own beside its log: logs/codes/000.jsonl beside logs/codes/000.log. So jobs on
several hosts never write to one file, which network file systems do not put in order. Snakemake's process writes
logs/run.jsonl: which jobs there are, and when each begins and ends.

Nothing that is computed depends on these files. If one cannot be written, on a full disk for instance, the job goes on.
"""

import json
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path("logs")
RUN = FOLDER / "run.jsonl"
RUN_VARIABLE = "STAGES_RUN"  # the name of the run that Snakemake leaves to its jobs
WATCHED_VARIABLE = "STAGES_WATCHED"  # set if Snakemake shows what its jobs do: they need not say it on the terminal
BEAT = 20.0  # s between two signs of life, which are the file's time of change
SILENCE = 4 * BEAT  # s without one after which a process of another host counts as lost

Line = dict[str, Any]


def job_of(log: Path) -> str:
    """The name of a job: where its log is below the folder of the logs, as `codes/000`."""
    inside = log.relative_to(FOLDER) if log.is_relative_to(FOLDER) else Path(log.name)
    return str(inside.with_suffix(""))


def file_of(job: str) -> Path:
    """The run log of a job."""
    return FOLDER / f"{job}.jsonl"


class RunLog:
    """The lines of one writer. Each is written at once, by one call, to the end of the file."""

    def __init__(self, path: Path, **common: object) -> None:
        self.path = path
        self.common = {"host": socket.gethostname(), **common}
        self.torn = _is_torn(path)
        self.ended = threading.Event()

    def write(self, state: str, **facts: object) -> Line:
        """Append a line; returns it. A fact that is None is left out."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        facts = {key: value for key, value in (self.common | facts).items() if value is not None}
        line = {"time": now, "state": state} | facts
        text = ("\n" if self.torn else "") + json.dumps(line) + "\n"
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                self.torn = os.write(descriptor, text.encode()) < len(text)
            finally:
                os.close(descriptor)
        return line

    def begin(self, **facts: object) -> Line:
        """Say which process writes, and that it lives for as long as it does."""
        process = psutil.Process()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        return self.write("began", pid=process.pid, since=process.create_time(), **facts)

    def end(self, reason: str | None = None, **facts: object) -> Line:
        """Say that the process is about to end, and why if not well."""
        self.ended.set()
        return self.write("ended", reason=reason, **facts)

    def _beat(self) -> None:
        while not self.ended.wait(BEAT):
            with suppress(OSError):
                os.utime(self.path)


def _is_torn(path: Path) -> bool:
    """Whether a file ends within a line: its writer was killed, or the disk was full."""
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"
    except OSError:  # there is none, or it is empty
        return False


class Reader:
    """Reads a run log from where it was read last. A line that is not whole yet, or never will be, is left out."""

    def __init__(self, path: Path) -> None:
        self.path, self.position = path, 0

    def lines(self) -> list[Line]:
        """The lines that have come since."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self.position:
                    self.position = 0  # somebody has removed it, and it was begun anew
                file.seek(self.position)
                text = file.read()
        except OSError:
            return []
        whole, newline, _ = text.rpartition(b"\n")
        self.position += len(whole) + len(newline)
        return [line for line in map(_parsed, whole.splitlines()) if line is not None]


def _parsed(text: bytes) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("time"), str) else None


def is_alive(began: Mapping[str, Any], path: Path) -> bool:
    """Whether the process that wrote such a line of `began` still runs: on this host by its number, else by its beats.

    A process of that number which did not start then is another, unless the clock was set: so it has to beat, too.
    """
    if began.get("host") != socket.gethostname():
        return _beats(path)
    try:
        process = psutil.Process(began["pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return math.isclose(process.create_time(), began["since"], abs_tol=1) or _beats(path)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def _beats(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < SILENCE
    except OSError:
        return False


_current: RunLog | None = None  # of this process, as there is one log of a process


def begin(log: Path) -> None:
    """Begin the run log of this process's job beside its log."""
    global _current
    # A run name of another folder's Snakemake would be wrong, but a stage has the folder of its Snakemake.
    _current = RunLog(log.with_suffix(".jsonl"), job=job_of(log))
    _current.begin(run=os.environ.get(RUN_VARIABLE))
    logging.getLogger().addHandler(_Warnings(logging.WARNING))


def is_begun(log: Path) -> bool:
    """Whether this process has begun the run log beside a log."""
    return _current is not None and _current.path == log.with_suffix(".jsonl")


def note(state: str, **facts: object) -> None:
    """Append a line to the run log of this process's job, if it has one."""
    if _current is not None:
        _current.write(state, **facts)


def end(reason: str | None) -> None:
    """End the run log of this process's job, if it has one, with what went wrong, if anything did."""
    if _current is not None:
        _current.end(reason)


class _Warnings(logging.Handler):
    """What a stage warns of, such as a batch that does not fit: who watches the run log learns of it."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            note("warned", reason=record.getMessage())
