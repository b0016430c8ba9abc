"""One undisturbed run for all tests, and copies of its folder to do harm to."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from faults import pipeline


@pytest.fixture(scope="session")
def reference(tmp_path_factory, weights) -> Path:
    """A folder in which the smallest pipeline has run from start to report, undisturbed."""
    return pipeline.undisturbed(tmp_path_factory.mktemp("faults") / "reference", weights)


@pytest.fixture
def folder(reference, tmp_path) -> Path:
    """A copy of the finished run, times of files included."""
    return shutil.copytree(reference, tmp_path / "run", symlinks=True)


@pytest.fixture
def root() -> None:
    """Mounting a file system in memory needs Linux and root."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts file systems, which needs Linux and root")
