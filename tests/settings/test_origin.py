"""Where settings came from: every value that is not params.yaml's is found, and nothing else is."""

from pathlib import Path

import yaml
from support import ROOT, SMOKE

from stages.settings.origin import ABSENT, differences, holder, sources

WRITTEN = {"a": {"steps": 10, "betas": [0.5, 0.9]}, "b": {"file": None, "rate": 0.1}, "c": {}}


def test_the_same_settings_differ_in_nothing():
    assert differences(WRITTEN, WRITTEN) == []
    assert differences({"a": {"steps": 10.0}}, {"a": {"steps": 10}}) == [], "a number may be written in two ways"


def test_every_other_value_is_named_with_both():
    used = {"a": {"steps": 2, "betas": [0.5, 0.8]}, "b": {"file": "x.csv", "rate": 0.1}, "c": {"new": True}}
    assert differences(used, WRITTEN) == [
        ("a.betas", "[0.5,0.9]", "[0.5,0.8]"),
        ("a.steps", "10", "2"),
        ("b.file", "null", '"x.csv"'),
        ("c", "{}", ABSENT),
        ("c.new", ABSENT, "true"),
    ]


def test_a_scale_differs_in_what_it_says():
    """The smoke scale over params.yaml, as Snakemake merges them."""
    written, scale = (yaml.safe_load((ROOT / name).read_text()) for name in ("params.yaml", SMOKE))

    def merged(base, change):
        return base | {
            key: merged(base[key], value) if isinstance(value, dict) else value for key, value in change.items()
        }

    found = {each.key: each.used for each in differences(merged(written, scale), written)}
    assert found["blend.steps"] == str(scale["blend"]["steps"])
    assert {key.partition(".")[0] for key in found} <= set(scale)


def test_sources_are_named_from_this_folder():
    assert sources([]) == "`params.yaml`"
    named = sources([str(Path.cwd() / SMOKE), "/elsewhere/own.yaml", "--config"])
    assert named == f"`params.yaml` and `{SMOKE}` and `/elsewhere/own.yaml` and `--config`"


def test_a_wrong_key_is_one_of_the_file_that_it_stands_in():
    """The last one that says most of it, as it counts."""
    given = {
        "params.yaml": {"blend": {"steps": 9, "rate": 1}, "report": {}}, "a.yaml": {"blend": {"stesp": 5}},
        "b.yaml": {"blend": {"rate": -1}}, "--config": {"score": 3},
    }  # fmt: skip
    keys = ("blend.stesp", "blend.rate", "blend.steps", "blend", "report.new", "score.size", "other")
    assert [holder(key, given) for key in keys] == [
        "a.yaml", "b.yaml", "params.yaml", "b.yaml", "params.yaml", "--config", None
    ]  # fmt: skip
