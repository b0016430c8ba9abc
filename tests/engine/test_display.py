"""What a run shows: a bar on a terminal that leaves nothing behind, plain lines in a log; what it says of the time."""

import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Terminal

from stages.engine import display
from stages.engine.display import Screen, counts, duration, failure_text, left_text, reason_of
from stages.engine.run_log import RunLog, file_of
from stages.engine.run_state import Left, Run
from stages.formats.words import counted

JOBS = {"images": 1, "faces/000": 4, "faces/001": 4, "codes/000": 4}
LOGS = ["logs/codes/000.log", "logs/slurm/7.log"]


@pytest.fixture
def run(tmp_path, monkeypatch) -> Iterator[Run]:
    """A run of which the faces of one chunk are done; the other chunk has two of four items."""
    monkeypatch.chdir(tmp_path)
    log = RunLog(Path("logs/run.jsonl"))
    run = Run(log.begin(run="now"))
    run.apply(log.write("planned", jobs=JOBS))
    for job in ("images", "faces/000", "faces/001"):
        run.apply(log.write("submitted", job=job))
    write("images", "ended", run="now")
    write("faces/000", *["computed"] * 3, "failed", "ended", run="now")
    write("faces/001", "computed", "stored", run="now")
    for job in ("images", "faces/000"):
        run.apply(log.write("done", job=job))
    run.read()
    yield run
    log.ended.set()  # or it would beat in the folder of another test


def write(job, *states, run):
    """Lines of a job that began in a run."""
    log = RunLog(file_of(job), job=job)
    log.write("began", run=run, pid=os.getpid(), since=0.0)
    for k, state in enumerate(states):
        log.write(state, stage=job.partition("/")[0], item=f"i{k}", seconds=10.0, reason="no face" if k == 3 else None)


def visible(text) -> list[str]:
    """The lines that can be seen in the end: after a return, what comes is written over what was there."""
    lines = []
    for line in text.split("\n"):
        seen = ""
        for part in line.split("\r"):
            seen = part + seen[len(part) :]
        lines.append(seen.rstrip())
    return lines


def test_a_terminal_has_a_bar_below_the_lines_and_nothing_of_it_at_the_end(run):
    terminal = Terminal()
    screen = Screen(os.fdopen(terminal.stream, "w", closefd=False))
    screen.show(run)
    screen.say("faces: 4 items", "more")
    screen.show(run)
    screen.close()
    text = terminal.text()
    (bar, *_) = re.findall(r"54% \S+ +7 of 13, more than [^\r]*", text)
    assert "at work: faces/001" in bar
    first, second, *rest = visible(text)
    assert re.fullmatch(r"\d\d:\d\d:\d\d faces: 4 items", first) and second == "         more"
    assert "".join(rest) == "", "the bar is gone"


def test_a_narrow_terminal_shows_the_time_left_whole(run):
    terminal = Terminal(columns=50)
    screen = Screen(os.fdopen(terminal.stream, "w", closefd=False))
    screen.show(run)
    screen.close()
    assert re.search(r"54% 7 of 13, more than \d+ s left; ", terminal.text())


def test_a_log_gets_a_plain_line_when_enough_has_happened(run, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    screen = Screen(io.StringIO())
    for clock[0] in (1.0, 59.0, 61.0, 62.0, 130.0, 500.0, 700.0):
        screen.show(run)
    first, second = screen.stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d 54%: 7 of 13 done, more than \d+ s left; at work: faces/001", first)
    assert second[8:] == first[8:], "nothing new, but ten minutes have passed"
    screen.close()


def test_time_left_is_of_this_run_then_of_earlier_ones(run):
    """Two faces are missing, of which a fifth should come from the store; nothing is known of codes."""
    now = run.jobs["faces/001"].started
    left = run.left(now)
    assert left.unknown == ["codes"] and left.share == 0.5, "three of five items, but one of two stages"
    beside = run.jobs["faces/000"].now.beside
    assert beside == 0.0, "it took no longer than its items said"
    assert left.seconds == pytest.approx((10 + 2 * 10 * 4 / 5) / 2, abs=0.1), "two jobs at a time were the most"
    write("codes/000", *["computed"] * 3, "ended", run="earlier")
    run.read()
    left = run.left(now)
    assert left.unknown == []
    assert left.seconds == pytest.approx((10 + 2 * 10 * 4 / 5 + 4 * 10) / 2, abs=0.1)


def test_a_job_that_failed_says_why_or_how_it_ended(run):
    codes = run.jobs["codes/000"]
    assert "before it began its log" in failure_text(codes, "make_codes", "ended with status 2", LOGS)[1]
    write("codes/000", "computed", run="now")
    run.read()
    title, error, log = failure_text(codes, "make_codes", "was ended by SIGKILL", LOGS)
    assert title == "FAILED: codes/000 (rule make_codes)"
    assert "SIGKILL" in error and "without a message" in error and log == "  log: logs/codes/000.log, logs/slurm/7.log"
    assert "memory" in error
    for signal in ("SIGTERM", "SIGSEGV"):
        assert "memory" not in reason_of(codes, f"was ended by {signal}")
    assert "asked it to stop" in reason_of(codes, "was ended by SIGTERM")
    log = RunLog(file_of("codes/000"), job="codes/000")
    log.write("ended")
    run.read()
    assert "ended well, but Snakemake refused" in reason_of(codes, "")
    log.write("ended", reason="data/a.png: damaged")
    run.read()
    assert failure_text(codes, "make_codes", "ended with status 1", LOGS)[1] == "  error: data/a.png: damaged"


def test_words():
    assert [duration(s) for s in (0, 119, 150, 3600, 7260, 200_000)] == [
        "0 s", "119 s", "2 min", "60 min", "2 h 1 min", "2 d 7 h"
    ]  # fmt: skip
    assert counted(1, "item") == "1 item" and counted(0, "item") == "0 items"
    assert counts(Counter(stored=1)) == "1 stored, 0 computed"
    assert counts(Counter(computed=2, failed=1)) == "0 stored, 2 computed, 1 failed"
    assert left_text(Left(0.2, ["codes"], 0.1)) == "time left not known yet"
    assert (
        left_text(Left(20, ["codes"], 0.5)) == "more than 20 s left" and left_text(Left(20, [], 0)) == "about 20 s left"
    )
    assert left_text(Left(20, ["codes", "score"], 0.6)) == "time left not known yet", "it would be a small part of it"
    assert left_text(Left(0.2, [], 0)) == "a few seconds left"
