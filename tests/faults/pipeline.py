"""The smallest real pipeline, and what the tests of faults do with it.

Two drawn faces and two pairs go through every stage, on StyleGAN2-128 and BiSeNet-16 of random weights.
"""

import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import yaml
from make_checkpoints import bisenet16_checkpoint, stylegan2_checkpoint
from pandas import DataFrame
from snakemake.utils import update_config
from support import ENVIRONMENT, checkout

from stages.engine.run_log import Reader
from stages.statistics import table

METHODS = {"barbershop": {"kind": "latent", "code": "fs", "align": True}, "copy_paste": {"kind": "copy"}}
SMALLEST = {
    "networks": {
        "generator": "stylegan2", "parser": "bisenet16", "perceptual": "stlpips_alex", "judges": ["stlpips_alex"],
    },
    "faces": {"source": ["drawn"], "drawn": {"count": 2}},
    "maps": {"min_face": 0.0},  # a random parser finds no face
    "pairs": {"file": "pairs.csv"},
    "target": {"fill": "telea"},  # the network of the default fill knows another parser's labels
    "embed": {"start": "w", "w": {"preview_steps": 2, "steps": 1}, "fs": {"steps": 1}},
    "align": {"steps": 1, "reference_steps": 1},
    "blend": {"steps": 1},
    "score": {"size": 64},
    "report": {"against": "copy_paste"},
}  # fmt: skip
PAIRS = "pair,identity,hair\na,drawn-0000,drawn-0001\nb,drawn-0001,drawn-0000\n"
OPTIONS = ["--cores", "1", "--resources", "gpu=1"]
PATIENCE = 600  # s; what a test waits for takes seconds unless the machine is busy


def undisturbed(folder: Path, weights: Path) -> Path:
    """Set the pipeline up in a folder and run it from start to report."""
    checkout(folder, weights)
    shutil.rmtree(folder / "data" / "weights")  # made here, or Snakemake could only go by their times
    checkpoints = folder / "data" / "checkpoints"
    checkpoints.mkdir()
    with torch.no_grad():
        torch.save(stylegan2_checkpoint(128), checkpoints / "ffhq.pt")
        torch.save(bisenet16_checkpoint(), checkpoints / "seg.pth")
    (folder / "pairs.csv").write_text(PAIRS)
    shrink(folder, SMALLEST)
    run_well(folder)
    assert_same_result(folder, folder)
    return folder


def change(folder: Path, changes: dict) -> None:
    """Edit params.yaml."""
    params = yaml.safe_load((folder / "params.yaml").read_text())
    update_config(params, changes)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


def shrink(folder: Path, changes: dict) -> None:
    """Edit params.yaml, and leave two methods in it."""
    change(folder, changes)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(params | {"methods": METHODS}))


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """What the README says: `snakemake`."""
    return subprocess.run(
        ["snakemake", *arguments, *OPTIONS], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True
    )


def run_well(folder: Path, *arguments: str) -> dict[str, int]:
    """Run to a good end; how many items each stage computed, if any."""
    before = last_run(folder)
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    after = last_run(folder)
    if after == before:
        return {}  # there was nothing to do
    counts = Counter()
    for line in lines_of(folder, after):
        counts.update({line["stage"]: line["to_compute"]} if line["state"] == "planned" else {})
    return {stage: count for stage, count in counts.items() if count}


def last_run(folder: Path) -> str | None:
    """The name of the last run in a folder, by its run log."""
    names = [line["run"] for line in lines(folder / "logs" / "run.jsonl") if line["state"] == "began"]
    return names[-1] if names else None


def lines_of(folder: Path, run: str) -> Iterator[dict]:
    """What the jobs of a run have written of themselves."""
    for path in (folder / "logs").glob("**/*.jsonl"):
        of = None
        for line in lines(path) if path.name != "run.jsonl" else ():
            of = line.get("run") if line["state"] == "began" else of
            if of == run:
                yield line


def lines(path: Path) -> list[dict]:
    """The lines of a run log; none if there is no such file."""
    return Reader(path).lines()


def is_at_work(folder: Path, snakemake: int, stage: str) -> bool:
    """Whether the run of a process of Snakemake's has begun with the items of a stage."""
    run = last_run(folder) or ""
    return run.endswith(f"-{snakemake}") and any(
        line["state"] == "planned" and line["stage"] == stage for line in lines_of(folder, run)
    )


def one_error(folder: Path, *arguments: str) -> str:
    """Run to a bad end; returns its one error."""
    return error_of(run(folder, *arguments))


def error_of(done: subprocess.CompletedProcess) -> str:
    """The one line of the stage that says what is wrong. No stage prints a traceback."""
    assert done.returncode != 0, done.stderr
    assert "Traceback" not in done.stderr
    lines = {line.partition("error: ")[2] for line in done.stderr.splitlines() if "error: " in line}
    assert len(lines) == 1, done.stderr
    return lines.pop()


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start a run as a terminal does: in a process group of its own, heeding Ctrl-C. It writes to run.log."""
    with (folder / "run.log").open("w") as log:
        return subprocess.Popen(
            ["snakemake", *arguments, *OPTIONS],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
        )


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def stored(folder: Path, stage: str = "*") -> dict[Path, int]:
    """The finished items in the store, and when each was: computed again, it changes."""
    return {path: path.stat().st_mtime_ns for path in (folder / ".cache").glob(f"{stage}/*/record.json")}


def artifacts(folder: Path, *stages: str) -> dict[str, bytes]:
    """The contents of what some stages made below data/."""
    roots = [folder / "data" / stage for stage in stages]
    files = [path for root in roots for path in [root, *sorted(root.rglob("*"))] if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def result(folder: Path) -> tuple[DataFrame, str]:
    """What the run is for: the table, and the report without the seconds that it took."""
    report = (folder / "reports" / "report.md").read_text()
    return table.read(folder / "reports" / "metrics.parquet"), re.sub(r"## Cost\n.*?(?=\n## )", "", report, flags=re.S)


def assert_same_result(folder: Path, reference: Path) -> None:
    """The table and the report are those of the undisturbed run."""
    (frame, report), (expected_frame, expected_report) = result(folder), result(reference)
    assert frame.equals(expected_frame)
    assert report == expected_report
    assert report.startswith("# Barbershop, evaluated: VALID\n")


def forget(folder: Path, *stages: str) -> None:
    """Remove all that some stages made, their items in the store too, and the reports."""
    for stage in stages:
        for made in ("", "records/"):
            path = folder / "data" / f"{made}{stage}"
            shutil.rmtree(path, ignore_errors=True)
            path.with_suffix(".json").unlink(missing_ok=True)
        for items in (folder / ".cache").glob(f"{stage}*"):
            shutil.rmtree(items)
    shutil.rmtree(folder / "reports", ignore_errors=True)


@contextmanager
def mounted(path: Path, *options: str) -> Iterator[None]:
    """Mount something over a folder."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *options, str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
