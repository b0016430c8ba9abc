"""What a user's mistakes print: one line that names the key, the row or the file, before anything runs."""

import subprocess
import time

import pytest
import yaml
from support import ENVIRONMENT, ROOT, checkout, snakemake

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkout(tmp_path_factory.mktemp("mistakes") / "main", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embed": {"w": {"steps": -5}}}, "embed.w.steps: -5 is less than the minimum of 0"),
        ({"blend": {"stesp": 5}}, "blend: Additional properties are not allowed ('stesp' was unexpected)"),
        ({"faces": {"source": ["photos"]}}, "faces.photos: name the folder of photos"),
        ({"faces": {"source": ["photos"], "photos": "nowhere"}}, "nowhere: no such folder"),
        ({"pairs": {"file": "missing.csv"}}, "missing.csv: cannot be read"),
    ],
)
def test_wrong_params(folder, tmp_path, change, message):
    scale = tmp_path / "scale.yaml"
    scale.write_text(yaml.safe_dump(change))
    done = snakemake(folder, "-n", scale=str(scale))
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / ".cache").exists()


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


def test_planning_does_not_import_torch(folder):
    """What makes `snakemake -n` slow is imports; the README gives its time."""
    modules = "stages.settings.config, stages.engine.code"
    script = f"import sys; sys.path.insert(0, '.'); import {modules}; print('torch' in sys.modules)"
    done = subprocess.run(["python", "-c", script], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
    started = time.monotonic()
    assert snakemake(folder, "-n", scale=None).returncode == 0
    print(f"snakemake -n: {time.monotonic() - started:.1f} s")


def test_lock_lists_every_dependency():
    lock = {line.split("==")[0].lower() for line in (ROOT / "requirements.lock").read_text().splitlines()}
    for name in ("dvc", "snakemake", "torch", "lpips", "pandas", "pytorch-fid", "scikit-image", "pyarrow", "openvino"):
        assert name in lock
