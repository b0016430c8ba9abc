"""The overlays of published protocols: each says what it must say, fits params.yaml, and is in docs/protocols.md."""

import re

import pytest
import yaml
from support import ROOT

from stages.errors import UserError
from stages.scoring.metric_names import metrics_of
from stages.scoring.user_files import check_score_files
from stages.settings.config import check_params

FILES = sorted((ROOT / "workflow" / "protocols").glob("*.yaml"))
FACTS = ["data", "N", "reference set", "mask rule", "size", "differs"]
OVER = {"hairfastgan_full": "hairfastgan", "h_adapter_pose": "h_adapter"}  # what each stands on top of


def merged(*names: str) -> dict:
    """The parameters as Snakemake merges them: sections by key, all else replaced."""

    def update(old: dict, new: dict) -> dict:
        both = {key: update(old[key], value) if isinstance(value, dict) else value for key, value in new.items()}
        return old | both

    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name in names:
        params = update(params, yaml.safe_load((ROOT / "workflow" / "protocols" / f"{name}.yaml").read_text()))
    return params


def with_base(name: str) -> list[str]:
    return [OVER[name], name] if name in OVER else [name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_overlay_states_its_protocol(path):
    """The first lines have all facts, or say which file they are in."""
    head = path.read_text().split("\n\n")[0]
    if path.stem in OVER:
        assert f"{OVER[path.stem]}.yaml" in head
    else:
        assert re.findall(r"^# ([A-Za-z][A-Za-z ]*): +\S", head, re.M) == FACTS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_overlay_fits_the_parameters(path):
    params = merged(*with_base(path.stem))
    check_params(params)
    known = metrics_of(params)["transfer"]
    assert all(any(name.startswith(metric) for name in known) for metric in params["report"]["metrics"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_missing_file_is_refused_in_one_line(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^score\.inception: \S+: no such file; it should be a copy of ") as error:
        check_score_files(merged(*with_base(path.stem))["score"])
    assert "\n" not in str(error.value)


def test_the_page_names_every_overlay():
    text = (ROOT / "docs" / "protocols.md").read_text()
    assert {f"{path.stem}.yaml" for path in FILES} == set(re.findall(r"^\| `(\w+\.yaml)` \|", text, re.M))
