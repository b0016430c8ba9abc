"""The profiles for clusters: they name what is there, agree with each other, and can plan."""

import re
import subprocess

import pytest
import yaml
from support import ENVIRONMENT, ROOT, SMOKE, checkout

from stages.engine import slurm

DEFAULT = yaml.safe_load((ROOT / "profiles" / "default" / "profile.yaml").read_text())
FOLDER = ROOT / "workflow" / "profiles"
NAMES = sorted(path.name for path in FOLDER.iterdir())
PROFILES = {name: yaml.safe_load((FOLDER / name / "config.yaml").read_text()) for name in NAMES}
RULES = set(re.findall(r"^rule (\w+):", "".join(p.read_text() for p in (ROOT / "workflow/rules").glob("*.smk")), re.M))


def test_they_ask_for_the_same():
    """And for no rule that is not there."""
    one, other = (profile["set-resources"] for profile in PROFILES.values())
    assert one == other
    assert set(one) <= RULES
    assert PROFILES["slurm"]["default-resources"].items() <= PROFILES["kubernetes"]["default-resources"].items()


@pytest.mark.parametrize("name", NAMES)
def test_they_have_the_options_of_the_default(name):
    """But for those that a single machine needs."""
    shared = {key: value for key, value in DEFAULT.items() if key in ("rerun-incomplete", "max-checksum-file-size")}
    assert len(shared) == 2 and shared.items() <= PROFILES[name].items()


def test_reasons_are_looked_for_where_slurm_writes_its_logs():
    assert PROFILES["slurm"]["slurm-logdir"] == str(slurm.LOGS)


@pytest.mark.dag
@pytest.mark.parametrize("name", NAMES)
def test_they_can_plan(name, tmp_path):
    folder = checkout(tmp_path / "run", None)
    command = ["snakemake", "--workflow-profile", f"workflow/profiles/{name}", "--configfile", SMOKE, "-n"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mem_mb=4000" in done.stdout + done.stderr


@pytest.mark.dag
def test_what_needs_no_cluster_is_made_at_once(tmp_path):
    """A dry run checks less: it needs no cores, a run on a cluster does not know how many."""
    folder = checkout(tmp_path / "run", None)
    options = ["--workflow-profile", "workflow/profiles/kubernetes", "--configfile", SMOKE]
    command = ["snakemake", "data/images.csv", *options]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len((folder / "data" / "images.csv").read_text().splitlines()) == 3
