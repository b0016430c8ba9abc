"""What a user's mistakes print: one line that names the key, the row or the file, before anything runs."""

import os
import sys

import pytest
import yaml
from PIL import Image
from support import ENVIRONMENT, checkout, must, snakemake

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("mistakes") / "main", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embed": {"w": {"steps": -5}}}, "embed.w.steps: is -5; it must be a whole number from 0 to 1000000"),
        ({"blend": {"stesp": 5}}, "blend.stesp: there is no such key; did you mean steps?"),
        ({"faces": {"source": ["photos"]}}, "faces.photos: name the folder of photos"),
        ({"faces": {"source": ["photos"], "photos": "nowhere"}}, "nowhere: no such folder"),
        ({"pairs": {"file": "missing.csv"}}, "missing.csv: cannot be read"),
        (
            {"report": {"votes": "gone.parquet"}},
            "report.votes: gone.parquet: no such file; make it by `python -m stages.study",
        ),
    ],
)
def test_wrong_params(folder, tmp_path, change, message):
    scale = tmp_path / "scale.yaml"
    scale.write_text(yaml.safe_dump(change))
    done = snakemake(folder, "-n", scale=str(scale))
    assert done.returncode != 0
    *_, last = done.stderr.splitlines()
    assert last.startswith("error: ") and message in last
    assert "WorkflowError" not in done.stderr and "Traceback" not in done.stdout + done.stderr
    assert not (folder / ".cache").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workflow-profile", "workflow/profiles/slrum"], "--workflow-profile workflow/profiles/slrum: there is no"),
        (["--resources", "gpu=0"], "--resources gpu=0: Snakemake would run all"),
        (["--cores", "0"], "--cores 0: no job could run"),
    ],
)
def test_how_it_was_started(folder, options, message):
    done = snakemake(folder, *options, scale=None)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(f"error: {message}"), done.stderr
    assert len(done.stderr.splitlines()) <= 2, "Snakemake names the profile before"


def test_a_slurm_that_does_not_answer(folder, tmp_path, monkeypatch):
    pytest.importorskip("snakemake_executor_plugin_slurm")
    for command in ("sbatch", "sinfo", "squeue"):
        (tmp_path / command).write_text("#!/bin/sh\necho nobody is there >&2; exit 1\n")
        (tmp_path / command).chmod(0o755)
    monkeypatch.setitem(ENVIRONMENT, "PATH", f"{tmp_path}{os.pathsep}{ENVIRONMENT['PATH']}")
    profile = ["--workflow-profile", "workflow/profiles/slurm"]
    assert snakemake(folder, *profile, "-n").returncode == 0, "a plan needs no Slurm"
    done = snakemake(folder, *profile)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: Slurm does not answer: nobody is there; try again")
    assert not (folder / "logs" / "run.jsonl").exists()


def test_the_file_of_a_mistake_is_named(folder, tmp_path):
    scale, params = tmp_path / "scale.yaml", folder / "params.yaml"
    scale.write_text("blend: {stesp: 5}\n")
    done = snakemake(folder, "-n", scale=str(scale))
    assert done.stderr.splitlines()[-1].startswith(f"error: {scale}: blend.stesp: there is no such key")
    right = params.read_text()
    try:
        params.write_text("seed: [1\n" + right)
        done = snakemake(folder, "-n", scale=None)
    finally:
        params.write_text(right)
    assert done.returncode != 0
    assert ": is not written as YAML" in done.stdout + done.stderr and "params.yaml, line " in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,drawn-0000,drawn-0001\nb,drawn-0000,lost\n", "row 3: there is no image named lost"),
        ("a,drawn-0000,drawn-0001\nb,drawn-0000,drawn-0001\n", "row 3: the same pair as in row 2"),
    ],
)
def test_wrong_pairs(folder, tmp_path, rows, message):
    pairs, scale = tmp_path / "pairs.csv", tmp_path / "scale.yaml"
    pairs.write_text("pair,identity,hair\n" + rows)
    scale.write_text(yaml.safe_dump({"pairs": {"file": str(pairs)}}))
    done = snakemake(folder, "-n", scale=str(scale))
    assert done.returncode != 0
    assert f"{pairs}, {message}" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


# Plans in one process, as `snakemake -n` does, and lists in a file which modules that has imported. Without plugins:
# Snakemake imports all that are installed whenever it starts, and Slurm's imports pandas.
PLAN = """
import pkgutil
import sys
from pathlib import Path
installed = pkgutil.iter_modules
pkgutil.iter_modules = lambda *args: (found for found in installed(*args) if "_executor_plugin_" not in found.name)
from snakemake.cli import main
listed, *sys.argv[1:] = sys.argv[1:]
try:
    main()
finally:
    Path(listed).write_text("\\n".join(sys.modules))
"""
# What planning has to do without: each of them takes from a third of a second to several.
SLOW = {"torch", "torchvision", "cv2", "scipy", "skimage", "pandas", "pyarrow", "matplotlib", "openvino", "lpips"}


def test_planning_imports_nothing_slow(folder, tmp_path):
    """Also with photos, a list of pairs and another system's results, all of which planning looks at."""
    for name in ("photos/zoe.png", "mine/p.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (256, 256)).save(tmp_path / name)
    (tmp_path / "pairs.csv").write_text("pair,identity,hair\np,zoe,drawn-0000\n")
    changes = {
        "faces": {"source": ["drawn", "photos"], "photos": str(tmp_path / "photos")},
        "pairs": {"file": str(tmp_path / "pairs.csv")},
        "methods": {"mine": {"kind": "results", "images": str(tmp_path / "mine")}},
    }
    (tmp_path / "scale.yaml").write_text(yaml.safe_dump(changes))
    options = ["--cores", "1", "-n", "--configfile", "workflow/scales/comparison.yaml", str(tmp_path / "scale.yaml")]
    must(folder, sys.executable, "-c", PLAN, str(tmp_path / "modules"), *options)
    imported = (tmp_path / "modules").read_text().split()
    assert {"snakemake", "stages.settings.config", "stages.engine.code"} <= set(imported), "nothing was planned"
    assert not SLOW & set(imported)
