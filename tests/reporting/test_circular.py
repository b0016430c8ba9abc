"""Circular judges: found from the parameters, marked wherever the network measures, and only there."""

import copy

import pytest
import yaml
from support import ROOT

from stages.reporting.circular import MARK, losses_of

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def losses(networks=None, methods=None):
    params = copy.deepcopy(PARAMS)
    params["networks"] |= networks or {}
    params["methods"] = methods or params["methods"]
    return losses_of(params)


ALIGNED, PASTED = {"kind": "latent", "code": "fs", "align": True}, {"kind": "copy"}
PLAIN = ALIGNED | {"align": False}


@pytest.mark.parametrize(
    "metric",
    ["ST-LPIPS-VGG@256", "kept ST-LPIPS-VGG@256", "Fréchet unit ST-LPIPS-VGG@256 null", "taken IoU bisenet19@512",
     "look Gram ST-LPIPS-VGG@256", "VGG16-L1 (ST-LPIPS weights)@256"],
)  # fmt: skip
def test_what_a_minimised_network_measures_is_marked(metric):
    assert losses().marked(metric) == f"{metric} {MARK}"


@pytest.mark.parametrize(
    "metric",
    ["taken ST-LPIPS-Alex@256", "ST-LPIPS-VGG-plain@256", "kept PSNR@256", "taken judge IoU bisenet16@512", "FID"],
)
def test_all_else_is_not(metric):
    assert losses().marked(metric) == metric


def test_who_minimises_is_found_from_the_methods():
    note = losses(methods={"ours": ALIGNED, "plain": PLAIN, "pasted": PASTED}).note
    assert "ST-LPIPS-VGG, by ours, plain." in note(["kept ST-LPIPS-VGG@256", "kept PSNR@256"])
    assert "bisenet19, by ours." in note(["taken IoU bisenet19@512"])
    assert note(["kept PSNR@256"]) == ""
    assert losses(methods={"plain": PLAIN}).note(["taken IoU bisenet19@512"]) == "", "no alignment, no parser's loss"
    assert losses(methods={"pasted": PASTED}) == ()
    back = {"ours": PLAIN, "back": {"kind": "restored", "of": "ours"}}
    assert "ST-LPIPS-VGG, by ours, back." in losses(methods=back).note(["kept ST-LPIPS-VGG@256"]), "its pixels are ours"


def test_another_loss_is_another_mark():
    found = losses({"perceptual": "stlpips_alex"})
    assert found.marked("taken ST-LPIPS-Alex@256").endswith(MARK)
    assert found.marked("taken ST-LPIPS-VGG@256") == "taken ST-LPIPS-VGG@256"


def test_a_name_within_another_is_another_network():
    params = {"perceptual": "lpips_vgg", "judges": ["lpips_vgg", "lpips_alex"]}
    found = losses(params)
    assert found.marked("kept LPIPS-VGG-v0.1@256").endswith(MARK)
    assert not found.marked("kept ST-LPIPS-VGG@256").endswith(MARK)
    assert found.marked("VGG16-L1 (torchvision weights)@256").endswith(MARK)


def test_the_shipped_ranking_of_transfers_is_not_circular():
    rank = PARAMS["report"]["rank"]["transfer"]
    assert losses().marked(f"{rank}@256") == f"{rank}@256"
