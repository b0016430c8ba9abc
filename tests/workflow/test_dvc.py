"""dvc.yaml says the same as the rules."""

from pathlib import Path

import pytest
import yaml
from support import MODULES, ROOT, run_module, sources_of

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.dag
def test_in_step_with_the_rules():
    done = run_module(ROOT, "stages.dvc", "--check")
    assert done.returncode == 0, done.stderr


def test_one_stage_a_target():
    assert list(STAGES) == list(MODULES)
    for name, stage in STAGES.items():
        assert stage["cmd"].startswith("snakemake --quiet all --cores 1 --resources gpu=1 --allowed-rules ")
        assert stage["cmd"].endswith(f" {name} -- {name}")


@pytest.mark.parametrize("name", MODULES)
def test_code_dependencies_are_the_imports(name):
    listed = {path for path in STAGES[name]["deps"] if path.startswith("stages/")}
    assert {path for path in listed if Path(path).suffix in ("", ".py")} == sources_of(name)


@pytest.mark.parametrize("name", MODULES)
def test_inputs_are_made_by_earlier_stages(name):
    made = {"stages", "workflow"}
    for earlier, stage in STAGES.items():
        if earlier == name:
            break
        made |= {path for out in stage["outs"] for path in ([out] if isinstance(out, str) else out)}
    for path in STAGES[name]["deps"]:
        assert path in made or path.split("/")[0] in {"stages", "workflow"}, path


def test_params_sections_exist():
    sections = yaml.safe_load((ROOT / "params.yaml").read_text())
    for stage in STAGES.values():
        for key in stage.get("params", []):
            section, _, entry = key.partition(".")
            assert section in sections and (not entry or entry in sections[section])
