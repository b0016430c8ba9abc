"""A run that is interrupted at any moment by any signal ends in the same table; no finished item is computed twice."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from faults import pipeline

pytestmark = [pytest.mark.faults, pytest.mark.dag, pytest.mark.weights]


def work_of(snakemake: int, module: str) -> psutil.Process | None:
    """The process of a stage below Snakemake; between the two is a shell."""
    for process in psutil.Process(snakemake).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it may end while we look
            if process.cmdline()[1:3] == ["-m", module]:
                return process
    return None


def interrupt(
    folder: Path, targets: list[str], stage: str, module: str, finished: int, hit: Callable[[int, int], None]
) -> int:
    """Start a run, hit it when a stage is at work and has stored so many items; returns Snakemake's exit status."""
    run = pipeline.start(folder, *targets)

    def at_work() -> psutil.Process | None:
        assert run.poll() is None, (folder / "run.log").read_text()
        begun = pipeline.is_at_work(folder, run.pid, stage)
        return work_of(run.pid, module) if begun and len(pipeline.stored(folder, stage)) >= finished else None

    pipeline.wait_for(at_work, f"{module} to be at work")
    worker = at_work()
    time.sleep(random.uniform(0, 1))
    hit(worker.pid, run.pid)
    status = run.wait(pipeline.PATIENCE)
    pipeline.wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "the stage to end")
    return status


def kill_the_stage(stage: int, snakemake: int) -> None:
    os.kill(stage, signal.SIGKILL)


def kill_snakemake(stage: int, snakemake: int) -> None:
    os.kill(snakemake, signal.SIGKILL)


def terminate_snakemake(stage: int, snakemake: int) -> None:
    os.kill(snakemake, signal.SIGTERM)


def terminate_all(stage: int, snakemake: int) -> None:
    os.killpg(snakemake, signal.SIGTERM)


def press_control_c(stage: int, snakemake: int) -> None:
    os.killpg(snakemake, signal.SIGINT)


def test_a_run_that_is_interrupted_in_every_stage_ends_in_the_same_table(reference, folder):
    """One folder, hit again and again; after each time the same command goes on from where it was."""
    pipeline.forget(folder, "maps", "codes", "aligned", "composites", "measured")
    for path in ("reconstructions", "targets"):
        pipeline.forget(folder, path)
    for targets, stage, module, hit in (
        (["maps"], "maps", "stages.parse", terminate_all),  # maps and codes come in either order
        (["codes"], "codes", "stages.embed", kill_the_stage),
        ([], "aligned-barbershop", "stages.align", kill_snakemake),
        ([], "composites-barbershop", "stages.compose", press_control_c),
        ([], "measured-composites-barbershop", "stages.measure", terminate_snakemake),
    ):
        finished = random.randrange(2)
        print(f"{hit.__name__} at {stage}, {finished} items finished")
        before = pipeline.stored(folder)
        status = interrupt(folder, targets, stage, module, finished, hit)
        assert status != 0
        after = pipeline.stored(folder)
        assert before.items() <= after.items(), "what was finished is still there, and was not computed again"
        assert len(pipeline.stored(folder, stage)) >= finished
        if hit is kill_snakemake:
            locked = pipeline.run(folder)
            assert locked.returncode != 0 and "--unlock" in locked.stderr
            assert pipeline.run(folder, "--unlock").returncode == 0
    before = pipeline.stored(folder)
    pipeline.run_well(folder)
    assert before.items() <= pipeline.stored(folder).items(), "what was finished was not computed again"
    pipeline.assert_same_result(folder, reference)
    stages = ("faces", "maps", "targets", "codes", "aligned", "composites", "measured")
    assert pipeline.artifacts(folder, *stages) == pipeline.artifacts(reference, *stages)
