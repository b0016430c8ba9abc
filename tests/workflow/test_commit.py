"""DVC takes over what Snakemake made with params.yaml, and nothing that came of other settings."""

import sys
from pathlib import Path

import pytest
import yaml
from support import must, repository, run, run_module

from stages.engine.stage_records import write_record
from stages.settings.planned import made_with_others

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A repository that looks finished to Snakemake, and of which DVC knows nothing."""
    folder = repository(tmp_path_factory.mktemp("commit") / "main", None)
    edits = folder.parent / "edits.json"
    edits.write_text("[]")
    plans = Path(__file__).with_name("plans.py")
    must(folder, sys.executable, str(plans), str(edits), str(folder.parent / "none.json"))
    (folder / "dvc.lock").unlink()
    return folder


def test_only_what_params_yaml_made_is_committed(folder, tmp_path):
    scale = tmp_path / "scale.yaml"
    scale.write_text(yaml.safe_dump({"blend": {"steps": 3}}))
    touched = run(folder, "--touch", "--forceall", "--configfile", str(scale))
    assert touched.returncode == 0, touched.stderr
    done = run_module(folder, "stages.dvc", "--commit")
    assert done.returncode == 1 and done.stderr.startswith("error: "), done.stderr
    assert "data/records/composites/" in done.stderr and "other settings than those of params.yaml" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (folder / "dvc.lock").exists()

    touched = run(folder, "--touch", "--forceall")
    assert touched.returncode == 0, touched.stderr
    done = run_module(folder, "stages.dvc", "--commit")
    assert done.returncode == 0, done.stderr
    assert must(folder, "dvc", "status", "--quiet") == "", "DVC has taken over all stages"


def test_the_reports_record_tells_even_if_snakemake_has_forgotten(tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text("blend: {steps: 10}\n")
    record = tmp_path / "record.json"
    assert made_with_others(record, params) == [], "no report, nothing to tell"
    write_record(record, "report", [], params={"blend": {"steps": 10}})
    assert made_with_others(record, params) == []
    write_record(record, "report", [], params={"blend": {"steps": 3}})
    assert made_with_others(record, params) == ["blend.steps 3 (params.yaml: 10)"]
