"""One Slurm for all tests, one run without it, and copies of its folder to run on Slurm."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.slurm import NODES, Slurm, ask, obstacle
from support import checkout, snakemake


@pytest.fixture(scope="session")
def started(tmp_path_factory) -> Iterator[Slurm]:
    """A Slurm that runs as long as the tests."""
    if reason := obstacle():
        pytest.skip(reason)
    with Slurm(tmp_path_factory.mktemp("slurm")) as slurm:
        yield slurm


@pytest.fixture
def slurm(started) -> Iterator[Slurm]:
    """The same, put in order again after a test."""
    yield started
    if "slurmctld" not in started.daemons:
        started.start_controller()
    ask("scancel", "--user=root")
    for node in NODES:
        if started.state(node) in ("drain", "drng", "down"):
            ask("scontrol", "update", f"nodename={node}", "state=resume")


@pytest.fixture(scope="session")
def reference(tmp_path_factory, weights) -> Path:
    """A folder in which the smoke scale has run from start to report, on this machine alone."""
    folder = checkout(tmp_path_factory.mktemp("cluster") / "reference", weights)
    done = snakemake(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(reference, tmp_path) -> Path:
    """A copy of it in which composites and report are missing. All but Barbershop's are in the store."""
    copied = shutil.copytree(reference, tmp_path / "run", symlinks=True)
    for gone in ("data/records/composites", "reports", ".cache/composites-barbershop"):
        shutil.rmtree(copied / gone)
    return copied
