"""Checkpoints of the paper's networks: what is accepted, what it becomes, and what is said of anything else."""

import dataclasses
from pathlib import Path

import pytest
import torch
from make_checkpoints import bisenet16_checkpoint, encoder_checkpoint, stylegan2_checkpoint
from torchvision.models import alexnet

from stages import registry
from stages.convert import convert
from stages.nets.loading import load_encoder, load_generator, load_parser, load_perceptual
from stages.nets.psp_net import ENCODERS
from stages.settings.checkpoints import check_present, supplied_networks

CPU = torch.device("cpu")
SUPPLIED = supplied_networks()
ONE = torch.zeros(1)


def without_digest(monkeypatch, network):
    """Let a network accept a file of any digest."""
    entry = registry.load("networks", network)
    origin = dataclasses.replace(entry.origin, sha256=None)
    monkeypatch.setattr(f"stages.networks.{network}.ENTRY", dataclasses.replace(entry, origin=origin))


@pytest.fixture(scope="module")
def stylegan2():
    with torch.no_grad():
        return stylegan2_checkpoint(64)


def written(path: Path, network: str, content) -> Path:
    torch.save(content, path / "checkpoint")
    (path / "weights").write_bytes(convert(network, path / "checkpoint"))
    return path / "weights"


def test_stylegan2_is_loaded_unchanged_with_the_statistics_of_its_w(tmp_path, stylegan2):
    net = load_generator(written(tmp_path, "stylegan2", stylegan2), CPU)
    assert (net.size, net.n_styles) == (64, 10)
    state = net.state_dict()
    assert all(torch.equal(state[key], tensor) for key, tensor in stylegan2["g_ema"].items())
    assert torch.equal(net.mean_w, stylegan2["latent_avg"])
    torch.testing.assert_close(net.pca_components @ net.pca_components.T, torch.eye(512), rtol=0, atol=1e-4)
    w = net.map(torch.randn(2000, 512, generator=torch.Generator().manual_seed(1)))
    v = torch.nn.functional.leaky_relu(w, 5.0) - net.pca_mean
    torch.testing.assert_close((v @ net.pca_components[0]).std(), net.pca_stdev[0], rtol=0.1, atol=0)


def test_bisenet16_has_barbershops_labels(tmp_path):
    net = load_parser(written(tmp_path, "bisenet16", bisenet16_checkpoint()), CPU)
    assert (net.scheme.name, net.scheme["hair"]) == ("celebamask-16", 10)


def test_a_backbone_becomes_lpips(tmp_path, monkeypatch):
    without_digest(monkeypatch, "lpips_alex")
    net = load_perceptual(written(tmp_path, "lpips_alex", alexnet(weights=None).state_dict()), CPU)
    assert net.name == "LPIPS-Alex-v0.1"


@pytest.mark.parametrize(("network", "kind"), [("psp", "GradualStyleEncoder"), ("e4e", "Encoder4Editing")])
def test_an_encoder_is_loaded_with_its_mean_w_and_without_its_decoder(tmp_path, network, kind):
    mean_w = torch.randn(512, generator=torch.Generator().manual_seed(0))
    content = encoder_checkpoint(kind, {"input.input": torch.ones(1)}, mean_w)
    path = written(tmp_path, network, content)
    net = load_encoder(path, CPU)
    assert type(net) is ENCODERS[kind] and net.n_styles == 2
    state = net.state_dict()
    assert torch.equal(state.pop("latent_avg"), mean_w.expand(2, -1))
    assert {f"encoder.{key}" for key in state} == content["state_dict"].keys() - {"decoder.input.input"}
    assert all(torch.equal(tensor, content["state_dict"][f"encoder.{key}"]) for key, tensor in state.items())
    for each in (path, tmp_path / "checkpoint"):
        each.unlink()  # a fifth of a gigabyte


def thin_encoder(kind: str) -> dict:
    """An encoder's checkpoint whose tensors take no memory."""
    with torch.device("meta"):
        state = ENCODERS[kind](4).state_dict()
    zeros = {key: torch.zeros(()).expand(tensor.shape) for key, tensor in state.items()}
    mean_w = zeros.pop("latent_avg") + 1
    tensors = {f"encoder.{key}": tensor for key, tensor in zeros.items()}
    return {"state_dict": tensors, "latent_avg": mean_w, "opts": {"encoder_type": kind}}


def test_an_encoder_that_does_not_start_at_the_mean_w_has_none(tmp_path):
    content = thin_encoder("GradualStyleEncoder")
    for starts in (True, False):
        torch.save(content | {"opts": {"start_from_latent_avg": starts}}, tmp_path / "psp.pt")
        tensors, facts = registry.load("networks", "psp").read(tmp_path / "psp.pt")
        assert facts == {"rows": "4"}
        assert (tensors["latent_avg"] == starts).all()


HEAD = "encoder.styles.3.linear.weight"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (lambda c: c["opts"].update(encoder_type="Encoder4Editing"), "its opts name another encoder_type than pSp's"),
        (lambda c: c.update(opts=None), "its opts name another encoder_type"),
        (lambda c: c.update(state_dict={}), r"its state_dict has no encoder\.styles, the heads of pSp"),
        (lambda c: c.update(state_dict={"encoder.body": 3}), "holds no tensors by name"),
        (lambda c: c.update(latent_avg=None), "holds no tensors by name"),
        (lambda c: c.update(latent_avg=torch.zeros(18, 512)), r"latent_avg, which is \(18, 512\), not"),
        (lambda c: c["state_dict"].pop("encoder.latlayer1.bias"), r"encoder\.latlayer1\.bias, which is missing"),
        (lambda c: c["state_dict"].update({"encoder.more": ONE}), r"encoder\.more, which should not be there"),
        (lambda c: c["state_dict"].update({HEAD: ONE}), r"weight, which is \(1,\), not \(512, 512\)"),
    ],
)  # fmt: skip
def test_another_encoder_is_refused(refused, tmp_path, changed, named):
    changed(content := thin_encoder("GradualStyleEncoder"))
    torch.save(content, tmp_path / "psp.pt")
    refused(rf"psp\.pt: .*{named}.*paper-networks", convert, "psp", tmp_path / "psp.pt")


@pytest.mark.parametrize(
    ("network", "content", "named"),
    [
        ("e4e", {"state": 1}, "has no state_dict, latent_avg, opts, the layout of e4e_ffhq_encode.pt"),
        ("stylegan2", {"state": 1}, "has no g_ema and latent_avg"),
        ("stylegan2", {"g_ema": {}, "latent_avg": torch.zeros(512)}, "no StyleGAN2 generator"),
        ("bisenet16", {"cp.conv": torch.zeros(1)}, "tensors of another layout, the first is "),
        ("lpips_alex", {}, r"its sha256 is [0-9a-f]{64}; .*whose sha256 begins with 7be5be79"),
    ],
)
def test_another_file_is_refused(refused, tmp_path, network, content, named):
    torch.save(content, tmp_path / "other.pt")
    refused(rf"other\.pt: {named}.*paper-networks", convert, network, tmp_path / "other.pt")


def test_a_missing_key_and_a_wrong_shape_are_named(refused, tmp_path, stylegan2):
    state = dict(stylegan2["g_ema"])
    state["conv1.conv.weight"] = state["conv1.conv.weight"][:, :1]
    torch.save(stylegan2 | {"g_ema": state}, tmp_path / "ffhq.pt")
    refused(
        r"ffhq.pt: tensors of another layout, the first is conv1.conv.weight, which is \(1, 1, ",
        convert,
        "stylegan2",
        tmp_path / "ffhq.pt",
    )


ODD = [
    None, 3, "text", ONE, [ONE], {1: ONE}, {"features.0.weight": 3}, {"g_ema": None, "latent_avg": ONE},
    {"g_ema": [ONE], "latent_avg": ONE}, {"g_ema": {"noises.noise_0": torch.tensor(1)}, "latent_avg": torch.zeros(512)},
    {"g_ema": {"noises.noise_0": torch.zeros(1, 1, 5, 5)}, "latent_avg": torch.zeros(512)},
    {"g_ema": {"noises.noise_0": torch.zeros(1, 1, 8, 8)}, "latent_avg": None},
]  # fmt: skip


@pytest.mark.parametrize("network", SUPPLIED)
@pytest.mark.parametrize("content", ODD, ids=repr)
def test_a_checkpoint_of_odd_content_is_refused(refused, tmp_path, monkeypatch, network, content):
    without_digest(monkeypatch, network)
    torch.save(content, tmp_path / "odd.pth")
    refused(r"odd\.pth: .*paper-networks", convert, network, tmp_path / "odd.pth")


@pytest.mark.parametrize("content", [b"", b"junk", b"no checkpoint", b"PK\x03\x04 truncated"])
def test_what_is_no_checkpoint_is_refused(refused, tmp_path, content):
    (tmp_path / "seg.pth").write_bytes(content)
    refused("seg.pth: not a checkpoint of tensors", convert, "bisenet16", tmp_path / "seg.pth")


def test_a_checkpoint_that_would_run_code_is_refused(refused, tmp_path):
    torch.save({"code": check_present}, tmp_path / "seg.pth")
    refused("seg.pth: not a checkpoint of tensors", convert, "bisenet16", tmp_path / "seg.pth")


def test_only_missing_files_of_used_networks_are_named(refused, tmp_path):
    paths = {network: str(tmp_path / network) for network in SUPPLIED}
    check_present(["mobilestylegan", "bisenet19"], paths)
    Path(paths["stylegan2"]).touch()
    refused(
        "bisenet16: no such file; bisenet16 needs seg.pth.*paper-networks",
        check_present,
        ["stylegan2", "bisenet16"],
        paths,
    )
    refused(
        "lpips_vgg needs vgg16-397923af.pth, whose sha256 begins with 397923af", check_present, ["lpips_vgg"], paths
    )
