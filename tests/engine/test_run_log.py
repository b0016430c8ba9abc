"""The run log: what a job writes of its items, what is read back, and who counts as alive."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from support import ENVIRONMENT, ROOT

from stages.codes.optimise import Variable, optimise
from stages.engine import run_log
from stages.engine.items import Item, Result, run_items
from stages.engine.progress import CURVE_POINTS, Progress, take_curves
from stages.engine.run_log import SILENCE, Reader, RunLog, is_alive
from stages.errors import ItemError

STEPS = 50


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_log, "_current", None)


def descend(names, aims):
    """Minimise (x − aim)² for each name from 0."""
    x, aims = torch.zeros(len(aims), requires_grad=True), torch.tensor(aims)
    progress = Progress(f"fit of {', '.join(names)}")
    optimise([Variable(x, 0.1)], lambda: {"square": (x - aims) ** 2}, STEPS, progress)


def run_stage(names, aims=None, batch=1):
    """A stage of some items that logs to logs/codes/003.jsonl; `bad` fails. Returns the lines it appends."""
    log = Path("logs/codes/003.log")
    reader = Reader(log.with_suffix(".jsonl"))
    reader.lines()

    def compute(items):
        descend([item.name for item in items], [aims[item.name] if aims else 1.0 for item in items])
        bad = ItemError("bad has no face")
        return [bad if item.name == "bad" else Result({"code": b"code"}, {"loss": 0.5}) for item in items]

    run_log.begin(log)
    faces = {name: Path("data/faces", name) for name in names}
    Path("data/faces").mkdir(parents=True, exist_ok=True)
    for name, path in faces.items():
        path.write_text(name)
    items = [Item(name, {"face": faces[name]}, {"code": Path("data/codes", name)}) for name in names]
    run_items("codes", ["stages.target"], items, {}, {}, compute, Path("data/records/codes/fs/003.json"), batch)
    run_log.end(None)
    return reader.lines()


def of_state(lines, state):
    return [line for line in lines if line["state"] == state]


def test_an_item_is_logged_as_its_record_says_it():
    lines = run_stage(["a", "bad"])
    assert [line["state"] for line in lines] == ["began", "planned", "computed", "failed", "ended"]
    assert {line["job"] for line in lines} == {"codes/003"}
    (planned,), (computed,), (failed,) = (of_state(lines, state) for state in ("planned", "computed", "failed"))
    assert (planned["stage"], planned["chunk"], planned["items"], planned["to_compute"]) == ("codes", "003", 2, 2)
    ok, bad = json.loads(Path("data/records/codes/fs/003.json").read_text())["items"]
    assert {key: computed[key] for key in ("item", "seconds", "peak_mib")} == {
        key: ok[key] for key in ("item", "seconds", "peak_mib")
    }
    assert computed["device"] == ok["environment"]["device"]
    assert (failed["item"], failed["reason"]) == (bad["item"], bad["reason"])
    again = run_stage(["a", "bad"])
    assert [line["item"] for line in of_state(again, "stored")] == ["a"]
    assert of_state(again, "planned")[0]["to_compute"] == 1


def test_the_curve_is_that_of_the_item_also_in_a_batch():
    aims = {"a": 1.0, "b": -3.0, "c": 2.0}
    alone = {name: of_state(run_stage([name], aims), "computed")[0]["losses"] for name in aims}
    for folder in (".cache/codes", "data/codes"):
        shutil.rmtree(folder)
    together = of_state(run_stage(list(aims), aims, batch=3), "computed")
    for line in together:
        ((curve,), (expected,)) = line["losses"], alone[line["item"]]
        assert curve["of"] == "fit of a, b, c"
        assert len(curve["points"]) == CURVE_POINTS
        steps, losses = zip(*curve["points"], strict=True)
        assert steps[0] == 1 and steps[-1] == STEPS and sorted(set(steps)) == list(steps)
        assert losses == pytest.approx([loss for _, loss in expected["points"]], rel=1e-3)
        assert losses[0] == pytest.approx(aims[line["item"]] ** 2)
        assert losses[-1] < losses[0]


def test_a_loss_that_is_not_finite_is_valid_json():
    progress = Progress("fit")
    for step in (1, 2):
        progress(step, 2, torch.tensor([float("nan"), float(step)]))
    nan, good = take_curves(2)
    assert nan == [{"of": "fit", "points": [(1, None), (2, None)]}]
    assert good == [{"of": "fit", "points": [(1, 1.0), (2, 2.0)]}]
    assert take_curves(2) == [[], []], "they are taken once"


def test_an_optimisation_that_did_not_end_or_was_of_another_batch_has_no_curve():
    Progress("killed")(1, 2, torch.ones(2))
    Progress("halved")(1, 1, torch.ones(1))
    assert take_curves(2) == [[], []]


def test_a_line_that_was_cut_off_harms_no_other():
    path = Path("logs/run.jsonl")
    RunLog(path).write("began", pid=1)
    with path.open("a") as file:
        file.write('{"time": "2026-01-01T00:00:00+00:00", "sta')
    reader = Reader(path)
    assert [line["state"] for line in reader.lines()] == ["began"]
    RunLog(path).write("ended")
    assert [line["state"] for line in reader.lines()] == ["ended"]
    assert [line["state"] for line in Reader(path).lines()] == ["began", "ended"]
    path.unlink()
    RunLog(path).write("began")
    assert [line["state"] for line in reader.lines()] == ["began"], "removed and begun anew"


def test_many_writers_at_once_lose_no_line():
    script = (
        "from pathlib import Path; from stages.engine.run_log import RunLog\n"
        "for k in range(200): RunLog(Path('logs/run.jsonl')).write('done', job='x' * 300, k=k)"
    )
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    writers = [subprocess.Popen([sys.executable, "-c", script], env=environment) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted(line["k"] for line in Reader(Path("logs/run.jsonl")).lines()) == sorted(list(range(200)) * 3)


def test_a_full_disk_stops_no_stage(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_log.os, "write", full)
    assert run_stage(["a"]) == []
    assert Path("data/codes/a").read_bytes() == b"code"


def test_alive_is_who_runs_here_and_who_beats_elsewhere():
    path = Path("logs/run.jsonl")
    log = RunLog(path)
    began = log.begin()
    assert is_alive(began, path)
    assert is_alive(began | {"since": began["since"] - 60}, path), "the clock was set"
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not is_alive(began | {"pid": ended.pid}, path)
    elsewhere = began | {"host": "node-7"}
    assert is_alive(elsewhere, path)
    old = time.time() - SILENCE - 1
    os.utime(path, (old, old))
    assert not is_alive(elsewhere, path)
    assert is_alive(began, path), "it may have been asleep"
    assert not is_alive(began | {"since": began["since"] - 60}, path), "the number was given to another process"
    log.end()
