"""What a run has done, is doing and has still to do, from the run log alone: for who watches it inside and outside."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from stages.engine.run_log import RUN, SILENCE, Line, Reader, file_of, is_alive

ITEM_STATES = ("stored", "computed", "failed")

JobState = Literal["waiting", "submitted", "running", "done", "failed", "lost"]


def seconds_of(line: Line) -> float:
    """When a line was written, in seconds since 1970."""
    return datetime.fromisoformat(line["time"]).timestamp()


class Failure(NamedTuple):
    """An item that could not be computed."""

    stage: str
    item: str
    reason: str


@dataclass
class Attempt:
    """What one process of a job wrote. The lines of an earlier run are one of its own."""

    began: Line | None = None
    at: float = 0.0
    last: float = 0.0  # when it wrote a line
    ended: float | None = None
    reason: str | None = None
    items: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0  # of the items that were computed
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def beside(self) -> float | None:
        """Seconds that the process took beside computing items: to start, to load networks, to read and write."""
        return None if self.ended is None or self.reason else max(0.0, self.ended - self.at - self.seconds)


class Job:
    """One job: what the plan says of it, what Snakemake said of it, and what it writes itself."""

    def __init__(self, name: str, items: int) -> None:
        self.name, self.items = name, items
        self.stage, _, self.chunk = name.partition("/")
        self.reader = Reader(file_of(name))
        self.now = Attempt()  # in this run
        self.before: list[Attempt] = []  # in earlier runs
        self.said: JobState = "waiting"  # by Snakemake
        self.given_up = False  # Snakemake has ended without a word of how the job did
        self.reason: str | None = None
        self.started: float | None = None
        self.finished: float | None = None

    def read(self, run: str) -> None:
        """Read what the job has written since."""
        for line in self.reader.lines():
            state = line.get("state")
            if state == "began":
                self.before.append(Attempt(line, seconds_of(line), seconds_of(line)))
                if line.get("run", run if self._may_have_begun(line) else None) == run:
                    self.now = self.before[-1]
                continue
            if not self.before:
                continue
            attempt = self.before[-1]
            attempt.last = seconds_of(line)
            if state in ITEM_STATES:
                attempt.items[state] += 1
                attempt.seconds += line.get("seconds", 0.0) if state == "computed" else 0.0
                if state == "failed":
                    attempt.failures.append(
                        Failure(line.get("stage", ""), line.get("item", ""), line.get("reason", ""))
                    )
            elif state == "warned":
                attempt.warnings.append(line.get("reason", ""))
            elif state == "ended":
                attempt.ended, attempt.reason = seconds_of(line), line.get("reason")

    def _may_have_begun(self, began: Line) -> bool:
        """Whether a process that does not know its run, as on Kubernetes, is of this one by its time."""
        return self.started is not None and seconds_of(began) > self.started - SILENCE

    @property
    def state(self) -> JobState:
        """What the job is at. A process that is gone without a word is lost, whatever Snakemake said last."""
        if self.said in ("done", "failed") or self.now.began is None:
            return self.said
        if self.now.ended is not None:
            if self.now.reason:
                return "failed"
            return "lost" if self.given_up else "running"  # until Snakemake has seen its end
        return "running" if is_alive(self.now.began, self.reader.path) else "lost"

    @property
    def done(self) -> int:
        """How many of its items are there, or failed; all of a job that is done."""
        return self.items if self.said == "done" else min(self.items, self.now.items.total())

    @property
    def works_on_items(self) -> bool:
        """Whether it has items of its own, and is not one step as a whole."""
        return self.chunk != ""


class Left(NamedTuple):
    """Seconds that a run still takes at least: nothing is known of some of the stages that are left."""

    seconds: float
    unknown: list[str]
    share: float  # of theirs among the stages that are left, or among the items, whichever is less


class Run:
    """A run in the current folder. `apply` takes a line of Snakemake's process; `read` what its jobs have written."""

    def __init__(self, began: Line) -> None:
        self.began, self.name, self.at = began, str(began.get("run", "")), seconds_of(began)
        self.last = self.at
        self.ended: Line | None = None
        self.jobs: dict[str, Job] = {}
        self.most = 1  # jobs at a time, so far

    def apply(self, line: Line) -> None:
        """Take a line of logs/run.jsonl."""
        state = line.get("state")
        self.last = seconds_of(line)
        if state == "planned":
            self.jobs = {name: self.jobs.get(name) or Job(name, items) for name, items in line["jobs"].items()}
        elif state == "ended":
            self.ended = line
            for each in self.jobs.values():
                each.given_up = each.said == "submitted"
        elif job := self.jobs.get(line.get("job", "")):
            when = self.last
            if state == "submitted":
                job.said, job.started = "submitted", when
                self.most = max(self.most, sum(each.said == "submitted" for each in self.jobs.values()))
            elif state in ("done", "failed"):
                job.said, job.finished, job.reason = state, when, line.get("reason")

    def read(self, jobs: Iterable[Job] | None = None) -> None:
        """Read what some jobs, or all, have written since."""
        for job in self.jobs.values() if jobs is None else jobs:
            job.read(self.name)

    @property
    def is_alive(self) -> bool:
        """Whether Snakemake's process is at work."""
        return self.ended is None and is_alive(self.began, RUN)

    @property
    def items(self) -> tuple[int, int]:
        """How many items of all stages are done, and of how many."""
        return sum(job.done for job in self.jobs.values()), sum(job.items for job in self.jobs.values())

    def of_stage(self, stage: str) -> list[Job]:
        """The jobs of a stage."""
        return [job for job in self.jobs.values() if job.stage == stage]

    @property
    def stages(self) -> list[str]:
        """The stages, in the order of the plan."""
        return list(dict.fromkeys(job.stage for job in self.jobs.values()))

    def counted(self, jobs: Iterable[Job]) -> Counter[str]:
        """How many items of some jobs were stored, computed and failed in this run."""
        return sum((job.now.items for job in jobs), Counter())

    def left(self, now: float) -> Left:
        """How long the run still takes.

        Each stage's seconds an item, and those of a job beside its items, are the means of this run; where it has none
        yet, of earlier runs of the same jobs. Of the items that are missing, the same share will come from the store as
        so far, and as many jobs will run at a time as did at most.
        """
        seconds, unknown, items, unknown_items, stages = 0.0, [], 0, 0, 0
        pooled = _beside([job.now for job in self.jobs.values()])
        for stage in self.stages:
            jobs = [job for job in self.of_stage(stage) if job.said not in ("done", "failed")]
            if not jobs:
                continue
            left = sum(job.items - job.done for job in jobs)
            items, stages = items + left, stages + 1
            known = self._known(stage, pooled)
            if known is None:
                unknown.append(stage)
                unknown_items += left
                continue
            of_item, beside = known
            for job in jobs:
                missing = of_item * (job.items - job.done)
                at_work = now - job.started if job.started is not None else 0.0
                expected = beside + job.now.seconds + missing - at_work
                seconds += max(expected, missing - of_item, 0.0)
        at_a_time = max(1, min(self.most, sum(job.said not in ("done", "failed") for job in self.jobs.values())))
        share = min(len(unknown) / max(1, stages), unknown_items / max(1, items))
        return Left(seconds / at_a_time, unknown, share)

    def _known(self, stage: str, pooled: float | None) -> tuple[float, float] | None:
        """Seconds an item of a stage, and of a job beside its items; None if nothing is known."""
        jobs = self.of_stage(stage)
        now, before = [job.now for job in jobs], [each for job in jobs for each in job.before]
        beside = next((found for found in (_beside(now), _beside(before)) if found is not None), None)
        if not jobs[0].works_on_items:
            return None if beside is None else (0.0, beside)
        seen = self.counted(jobs)
        share = seen["computed"] / (seen["computed"] + seen["stored"]) if seen["computed"] + seen["stored"] else 1.0
        of_item = next((found for found in (_of_item(now), _of_item(before)) if found is not None), None)
        if of_item is None and share:
            return None
        return share * (of_item or 0.0), next((found for found in (beside, pooled) if found is not None), 0.0)


def _beside(attempts: Iterable[Attempt]) -> float | None:
    """The mean of what some attempts took beside their items; None if none has ended well."""
    found = [attempt.beside for attempt in attempts if attempt.beside is not None]
    return sum(found) / len(found) if found else None


def _of_item(attempts: Iterable[Attempt]) -> float | None:
    """The mean of the seconds of the items that some attempts computed; None if they computed none."""
    attempts = list(attempts)
    count = sum(attempt.items["computed"] for attempt in attempts)
    return sum(attempt.seconds for attempt in attempts) / count if count else None


def last_run(path: Path = RUN) -> Run | None:
    """The last run in the current folder, with all that its jobs have written; None if none has begun."""
    run = None
    for line in Reader(path).lines():
        if line.get("state") == "began":
            run = Run(line)
        elif run is not None:
            run.apply(line)
    if run is not None:
        run.read()
    return run
