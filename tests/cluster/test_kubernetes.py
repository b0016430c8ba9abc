"""The profile for Kubernetes with a stand-in for kubectl: its manifests, and the table. There is no cluster here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from faults.pipeline import assert_same_result
from support import ENVIRONMENT, ROOT, SMOKE

pytestmark = pytest.mark.cluster

PROFILE = "workflow/profiles/kubernetes"


@pytest.fixture
def asked(tmp_path, monkeypatch) -> Path:
    """The folder in which the stand-in notes its Jobs; it is first on the path."""
    (tmp_path / "bin").mkdir()
    script = f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/cluster/kubectl.py "$@"\n'
    (tmp_path / "bin" / "kubectl").write_text(script)
    (tmp_path / "bin" / "kubectl").chmod(0o755)
    (tmp_path / "jobs").mkdir()
    monkeypatch.setitem(ENVIRONMENT, "PATH", f"{tmp_path / 'bin'}{os.pathsep}{ENVIRONMENT['PATH']}")
    monkeypatch.setitem(ENVIRONMENT, "KUBECTL_FOLDER", str(tmp_path / "jobs"))
    return tmp_path / "jobs"


def status(name: str) -> str:
    command = [ROOT / PROFILE / "status.sh", name]
    return subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()


def test_the_run_ends_in_the_table_of_one_machine(asked, folder, reference):
    options = ["--workflow-profile", PROFILE, "--configfile", SMOKE, "--latency-wait", "5"]
    done = subprocess.run(["snakemake", *options], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_same_result(folder, reference)
    jobs = [yaml.safe_load(path.read_text()) for path in asked.glob("*.yaml")]
    assert {job["metadata"]["labels"]["rule"] for job in jobs} == {
        "make-composites", "make-measured-pairs", "make-pictures-of-images", "make-pictures-of-pairs", "make-score",
        "make-report", "make-gallery",
    }  # fmt: skip
    for job in jobs:
        [container] = job["spec"]["template"]["spec"]["containers"]
        limits, rule = container["resources"]["limits"], job["metadata"]["labels"]["rule"]
        assert "@" not in yaml.safe_dump(job)
        assert container["workingDir"] == str(folder)
        assert limits["memory"] == {"make-composites": "4000M", "make-measured-pairs": "3000M"}.get(rule, "2000M")
        gpus = {"make-measured-pairs": ["1"], "make-composites": ["0", "1"]}  # not all methods have networks
        assert limits["nvidia.com/gpu"] in gpus.get(rule, ["0"])


def test_status(asked):
    """A Job that is gone has failed. While nobody answers it is at work."""
    (asked / "a-1.yaml").touch()
    assert status("job.batch/a-1") == "running"
    for state, meaning in {"Complete": "success", "FailureTarget Failed": "failed"}.items():
        (asked / "a-1.state").write_text(state)
        assert status("job.batch/a-1") == meaning
    assert status("job.batch/gone") == "failed"
    shutil.rmtree(asked.parent / "bin")
    assert status("job.batch/a-1") == "running"
