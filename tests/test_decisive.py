"""A result depends on what `auto` stood for: what another machine computed in another precision is not served."""

from types import SimpleNamespace

import pytest
import yaml
from support import ROOT

from stages import align, embed, registry
from stages.engine.item_store import fingerprint
from stages.methods import Folders, Job
from stages.nets import precision
from stages.regions.labels import CELEBAMASK_19
from stages.settings.manifests import listed_pairs

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
NETWORKS = ("generator", "parser", "perceptual")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.nets.device.torch.cuda.is_available", lambda: False)
    (tmp_path / "images.csv").write_text("image,source\na,drawn\nb,drawn\n")
    (tmp_path / "pairs.csv").write_text("pair,identity,hair\np,a,b\n")
    return tmp_path


def noted(monkeypatch, stage):
    """What a stage asks `run_items` for, which computes nothing."""
    asked = SimpleNamespace()

    def run_items(name, modules, items, params, weights, compute, record, *options, **more):
        asked.params = params

    monkeypatch.setattr(stage, "run_items", run_items)
    return asked


def of_embed(folder, monkeypatch, kind, chosen):
    asked = noted(monkeypatch, embed)
    embed.main(
        PARAMS["embed"], frozenset("ab"), folder, folder / "g", folder / "p", folder, folder, folder / "record",
        chosen, kind,
    )  # fmt: skip
    return asked.params


def of_align(folder, monkeypatch, is_aligned, chosen):
    asked = noted(monkeypatch, align)
    method = {"ours": {"kind": "latent", "code": "fs", "align": is_aligned}}
    align.main(
        PARAMS["align"], method, CELEBAMASK_19, folder / "pairs.csv", folder, folder, folder,
        folder / "g", folder / "b", folder / "p", folder, folder / "record", chosen,
    )  # fmt: skip
    return asked.params


def of_method(folder, monkeypatch, kind, chosen):
    method = registry.load("methods", kind)
    pairs = listed_pairs(folder / "pairs.csv", folder / "images.csv")
    job = Job(
        "ours", {"kind": kind}, PARAMS[method.section] if method.section else {}, CELEBAMASK_19, pairs,
        Folders.of(folder, "ours"), {role: folder / role for role in method.networks}, chosen, False,
        folder / "out",
    )  # fmt: skip
    return method.prepare(job).params


LOWERED = [(of_embed, "fs"), (of_embed, "w_single"), (of_align, True), (of_method, "latent"), (of_method, "loho")]
EXACT = [(of_align, False), (of_method, "copy"), (of_method, "poisson")]


@pytest.mark.parametrize(("asked", "what"), LOWERED)
def test_precision_is_part_of_the_fingerprint_as_it_was_resolved(folder, monkeypatch, asked, what):
    found = {}
    for multiplies in (True, False):
        monkeypatch.setattr(precision, "multiplies_bfloat16", lambda multiplies=multiplies: multiplies)
        found |= {(multiplies, chosen): asked(folder, monkeypatch, what, chosen) for chosen in ("auto", "float32")}
    assert "auto" not in [params["precision"] for params in found.values()]
    assert fingerprint(found[True, "auto"]) != fingerprint(found[False, "auto"])
    assert fingerprint(found[False, "auto"]) == fingerprint(found[False, "float32"])
    assert fingerprint(found[True, "float32"]) == fingerprint(found[False, "float32"])


@pytest.mark.parametrize(("asked", "what"), EXACT)
def test_what_computes_no_gradient_has_no_precision(folder, monkeypatch, asked, what):
    assert asked(folder, monkeypatch, what, "bfloat16") == asked(folder, monkeypatch, what, "float32")


@pytest.mark.parametrize(("asked", "what"), LOWERED)
def test_how_many_are_computed_at_once_does_not_decide(folder, monkeypatch, asked, what):
    assert "batch" not in asked(folder, monkeypatch, what, "float32")
