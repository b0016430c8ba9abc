"""The GitHub workflows: what a linter says of them, and the evaluation's own steps run on a small made-up report."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml
from support import ENVIRONMENT, ROOT, must

from stages.statistics import table

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STEPS = yaml.safe_load((ROOT / ".github" / "workflows" / "evaluation.yml").read_text())["jobs"]["evaluate"]["steps"]
# When the expression of a step's `if` holds, for a job that nobody cancels; without one it is as GitHub has it.
CONDITIONS = {
    "${{ !cancelled() }}": lambda failed, accept: True,
    "${{ !cancelled() && inputs.accept }}": lambda failed, accept: accept,
    None: lambda failed, accept: not failed,
}
REPORT = """\
# Barbershop, evaluated: VALID

5 images, 4 pairs, 0 failed items.
## Transfer

![Pairs](figures/transfer.png)

| method | kept RMSE@256 ↓ |
| --- | ---: |
| Barbershop | 0.1 |

Means over N.

| method | IoU ↑ |
| --- | ---: |
| Barbershop | 0.9 |

## Cost

![Seconds](figures/seconds.png)

## Sets of images

### Reconstruction

| set | N |
| --- | ---: |
| faces | 5 |

<details><summary>Parameters</summary>

```yaml
## no heading
| no: table
```

</details>
"""


def write_metrics(folder: Path, shift: float = 0.0) -> None:
    """A table of one method and one metric; `shift` makes its mean as much worse."""
    values = np.random.default_rng(0).normal(0.5, 0.05, 12) + shift
    rows = [("transfer", "ours", f"pair-{k}", "kept RMSE@256", value, "lower") for k, value in enumerate(values)]
    columns = ["protocol", "method", "item", "metric", "value", "direction"]
    frame = table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)
    table.write(frame, folder / "metrics.parquet")


class Done(NamedTuple):
    """Exit status and output of each step that ran, by its name, and the summary that was posted."""

    status: dict[str, int]
    output: dict[str, str]
    summary: str


class Job:
    """The job's steps in a folder where `make` does nothing and `snakemake` writes the report that is in `made`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder / "checkout", folder / "made"
        self.accepted = folder / "accepted runs"
        self.made.mkdir()
        (self.made / "report.md").write_text(REPORT)
        write_metrics(self.made)
        for name in (".github", "workflow"):
            shutil.copytree(ROOT / name, self.folder / name)
        (self.folder / "reports").mkdir()
        self.program(folder / "bin" / "make", "exit 0")
        self.program(self.folder / ".venv" / "bin" / "python", f'exec "{sys.executable}" "$@"')
        self.planned(f'echo "$@" >arguments && cp -R "{self.made}/." reports')

    def program(self, path: Path, line: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{line}\n")
        path.chmod(0o755)

    def planned(self, line: str) -> None:
        self.program(self.folder / ".venv" / "bin" / "snakemake", line)

    def run(self, scale: str = "smoke", accept: bool = False, runs: str | None = None) -> Done:
        summary = self.folder / "summary"
        summary.unlink(missing_ok=True)
        environment = ENVIRONMENT | {
            "PATH": f"{self.folder.parent / 'bin'}{os.pathsep}{ENVIRONMENT['PATH']}", "PYTHONPATH": str(ROOT),
            "SCALE": scale, "ACCEPTED_RUNS": str(self.accepted) if runs is None else runs,
            "GITHUB_STEP_SUMMARY": str(summary),
        }  # fmt: skip
        status, output = {}, {}
        for step in STEPS:
            if "run" in step and CONDITIONS[step.get("if")](any(status.values()), accept):
                command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
                done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
                status[step["name"]], output[step["name"]] = done.returncode, done.stdout + done.stderr
        return Done(status, output, summary.read_text() if summary.exists() else "")


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def test_a_run_like_the_accepted_one_passes(job):
    write_metrics(job.accepted / "smoke")
    done = job.run()
    assert set(done.status.values()) == {0}, done.output
    assert "Accept" not in done.status
    arguments = (job.folder / "arguments").read_text().split()
    assert arguments == ["--cores", "1", "--resources", "gpu=1", "--configfile", "workflow/scales/smoke.yaml"]
    assert "1 means: 1 same" in done.summary


def test_a_run_that_is_worse_fails_and_is_told_all_the_same(job):
    write_metrics(job.accepted / "smoke")
    write_metrics(job.made, shift=0.3)
    done = job.run()
    assert {name: code for name, code in done.status.items() if code} == {"Compare with the accepted run": 3}
    assert done.status["Summarise"] == 0
    assert "worse: transfer, ours, kept RMSE@256" in done.summary
    assert "| Barbershop | 0.9 |" in done.summary


def test_the_summary_has_every_table_under_its_headings_and_no_figure(job):
    done = job.run()
    told = done.summary.split("# Barbershop, evaluated", 1)[1].splitlines()
    assert told[:3] == [": VALID", "", "5 images, 4 pairs, 0 failed items."]
    kept = [line for line in told if line.startswith(("#", "|"))]
    assert kept == [
        "## Transfer", "| method | kept RMSE@256 ↓ |", "| --- | ---: |", "| Barbershop | 0.1 |",
        "| method | IoU ↑ |", "| --- | ---: |", "| Barbershop | 0.9 |",
        "## Sets of images", "### Reconstruction", "| set | N |", "| --- | ---: |", "| faces | 5 |",
    ]  # fmt: skip
    assert "![" not in done.summary


@pytest.mark.parametrize("runs", [None, ""], ids=["no such folder", "no variable"])
def test_without_an_accepted_run_nothing_is_compared(job, runs):
    done = job.run(runs=runs)
    assert set(done.status.values()) == {0}, done.output
    assert "::warning::no run of scale smoke was accepted yet" in done.output["Compare with the accepted run"]
    assert "\nno run of scale smoke was accepted yet\n" in done.summary


def test_an_evaluation_that_fails_leaves_no_report_of_an_earlier_run(job):
    write_metrics(job.accepted / "smoke")
    job.run()
    job.planned("exit 1")
    done = job.run(accept=True)
    assert done.status["Evaluate"] == 1
    assert "Compare with the accepted run" not in done.status
    assert "ended without a report" in done.summary and "|" not in done.summary
    assert done.status["Accept"] == 2
    assert [path.name for path in (job.accepted / "smoke").iterdir()] == ["metrics.parquet"]


def test_a_scale_that_is_not_there_is_one_line(job):
    done = job.run(scale="huge")
    assert done.status["Evaluate"] == 2
    assert done.output["Evaluate"].strip() == "::error::workflow/scales/huge.yaml: no such scale"


def test_an_accepted_run_is_what_the_next_is_compared_with(job):
    job.run(accept=True)
    write_metrics(job.made, shift=0.3)
    assert job.run().status["Compare with the accepted run"] == 3
    done = job.run(accept=True)
    assert done.status["Accept"] == 0
    assert set(job.run().status.values()) == {0}
    assert [path.name for path in job.accepted.iterdir()] == ["smoke"]


def test_an_invalid_report_is_not_accepted(job):
    (job.made / "report.md").write_text(REPORT.replace("VALID", "INVALID"))
    done = job.run(accept=True)
    assert done.status["Accept"] == 2
    assert not (job.accepted / "smoke").exists()


def test_every_scale_that_can_be_chosen_is_there():
    inputs = yaml.safe_load(WORKFLOWS[0].read_text())[True]["workflow_dispatch"]["inputs"]  # YAML 1.1: `on` is true
    for scale in inputs["scale"]["options"]:
        assert (ROOT / "workflow" / "scales" / f"{scale}.yaml").is_file()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_the_steps_call_is_there(workflow):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    for step in (step for job in jobs.values() for step in job["steps"] if "run" in step):
        program, *arguments = step["run"].split()
        if program == "make":
            assert set(arguments) <= set(targets)
        elif program != "rm":
            assert os.access(ROOT / program, os.X_OK), program


def test_the_linter_finds_nothing():
    if shutil.which("jactionlint", path=ENVIRONMENT["PATH"]) is None:
        pytest.skip("jactionlint is not installed; `make` installs it")
    must(ROOT, "jactionlint", "--no-hints", "--shellcheck=", "--pyflakes=")
