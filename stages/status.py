"""`python -m stages.status`: what the run in this folder has done, is doing and has still to do."""

import time
from collections.abc import Iterator
from pathlib import Path

import typer

from stages.engine.display import GO_ON, NAMED, duration, failed_items, go_on, left_text, log_of, work_text
from stages.engine.run_log import FOLDER, RUN
from stages.engine.run_state import Job, Run, last_run, seconds_of
from stages.formats.words import counted

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
ROWS = 24  # of stages; with more, those that wait share a line
HEADER = ("stage", "done", "stored", "computed", "failed", "s an item", "state")
UNLOCK = "Type `snakemake --unlock`. "


def is_locked() -> bool:
    """Whether Snakemake would find this folder locked: a run is at work in it, or was killed."""
    return any(Path(".snakemake/locks").glob("*.lock"))


def clock(seconds: float) -> str:
    """A time of the local clock, with its day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def headline(run: Run, now: float) -> list[str]:
    """What became of the run, or how far it is and how long it will take."""
    done, of = run.items
    where = f"on {run.began['host']}, process {run.began['pid']}"
    if run.is_alive:
        return [f"Running for {duration(now - run.at)} ({where}): {done} of {of} done, {left_text(run.left(now))}."]
    if run.ended is None:
        seen = max(run.last, *(job.now.last for job in run.jobs.values()))
        return [
            f"LOST: the run of {clock(run.at)} ({where}) ended without a message, killed perhaps; {done} of {of} done.",
            f"Its last line is of {clock(seen)}. {UNLOCK if is_locked() else ''}{GO_ON}",
        ]
    at, took = clock(seconds_of(run.ended)), duration(seconds_of(run.ended) - run.at)
    if reason := run.ended.get("reason"):
        return [f"NOT DONE: the run ended at {at} after {took}, {reason}; {done} of {of} done.", go_on(run)]
    return [f"Done: the run ended at {at} after {took}. It was {work_text(run.jobs.values())}."]


def state_of(run: Run, jobs: list[Job]) -> str:
    """What the jobs of a stage are at, those at work with their hosts."""
    states = {job.name: job.state for job in jobs}
    if not run.is_alive:  # what was submitted and has not begun its log: nobody waits for it any more
        states = {name: "lost" if state == "submitted" else state for name, state in states.items()}
    said = []
    for state in ("failed", "lost", "running", "submitted", "waiting", "done"):
        of_it = [job for job in jobs if states[job.name] == state]
        if not of_it:
            continue
        if len(of_it) == len(jobs) and state in ("waiting", "done"):
            return state
        if state in ("failed", "lost", "running"):
            first = of_it[0]
            host = f" on {first.now.began['host']}" if state == "running" and first.now.began else ""
            named = f" {first.chunk}{host}" if first.chunk else host
            said.append(f"{state}{named}" + (f" and {len(of_it) - 1} more" if len(of_it) > 1 else ""))
        elif state != "done":
            said.append(f"{len(of_it)} {state}")
    return ", ".join(said)


def rows(run: Run) -> Iterator[tuple[str, ...]]:
    """A row of the table for each stage."""
    for stage in run.stages:
        jobs = run.of_stage(stage)
        done, items = sum(job.done for job in jobs), sum(job.items for job in jobs)
        counted = run.counted(jobs)
        of_item = sum(job.now.seconds for job in jobs) / counted["computed"] if counted["computed"] else None
        known = jobs[0].works_on_items
        yield (
            stage, f"{done}/{items}",
            *(str(counted[state]) if known else "" for state in ("stored", "computed", "failed")),
            f"{of_item:.1f}" if of_item is not None else "", state_of(run, jobs),
        )  # fmt: skip


def table(run: Run) -> list[str]:
    """The stages, one a line, so that they fit a screen."""
    found = list(rows(run))
    waiting = [row[0] for row in found if row[-1] == "waiting"] if len(found) > ROWS else []
    shown = [HEADER, *(row for row in found if row[0] not in waiting)]
    widths = [max(len(row[k]) for row in shown) for k in range(len(HEADER) - 1)]
    lines = []
    for row in shown:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *numbers, row[-1]]))
    return lines + ([f"waiting: {', '.join(waiting)}"] if waiting else [])


def failures(run: Run) -> list[str]:
    """The jobs and items that failed, a few by name."""
    jobs = [job for job in run.jobs.values() if job.state == "failed"]
    lines = [f"FAILED: {job.name}: {job.reason or job.now.reason}; log: {log_of(job)}" for job in jobs[:NAMED]]
    if len(jobs) > NAMED:
        lines.append(f"and {counted(len(jobs) - NAMED, 'more job')} failed")
    return lines + failed_items(run)


def report(run: Run, now: float) -> list[str]:
    """All that is printed of a run."""
    earlier = ["What is not listed was done before."]
    return [*headline(run, now), "", *table(run), "", *failures(run), *earlier]


@app.command(help=__doc__)
def main() -> None:
    """Print what the last run has done, is doing and has still to do."""
    run = last_run()
    if run is None:
        typer.echo(f"{RUN}: there is none: no run has begun in this folder since `{FOLDER}` was emptied", err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(report(run, time.time())))


if __name__ == "__main__":
    app()
