"""The encoder's file: what training writes is read again, in half precision; other files are refused."""

import pytest
import torch
from support import ROOT

from stages import registry, train_encoder
from stages.codes.encoder_training import Teacher
from stages.convert import convert
from stages.errors import UserError
from stages.formats.weight_files import read_metadata, weights_bytes, weights_digest
from stages.nets.encoder_net import FaceEncoder
from stages.nets.loading import load_encoder, load_generator, load_perceptual
from stages.networks.encoder import SIZES

FACTS = {"width": "8", "depth": "1", "rank": "4"}
OURS = {"network": "encoder", **FACTS}


@pytest.fixture
def trained(tmp_path):
    net = FaceEncoder(width=8, depth=1, rank=4)
    half = {name: tensor.half() for name, tensor in net.state_dict().items()}
    (tmp_path / "encoder.safetensors").write_bytes(weights_bytes(half, OURS))
    return tmp_path / "encoder.safetensors", half


def test_the_file_becomes_a_network_in_full_precision(trained, tmp_path):
    path, half = trained
    (tmp_path / "net.safetensors").write_bytes(convert("encoder", path))
    net = load_encoder(tmp_path / "net.safetensors", torch.device("cpu"))
    for name, tensor in net.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, half[name].float())
    facts = read_metadata(tmp_path / "net.safetensors")
    assert {name: facts[name] for name in SIZES} == FACTS
    assert facts["version"] == "made by `snakemake encoder`", "not supplied by a user, as other checkpoints are"


def test_a_file_without_sizes_or_of_others_is_refused(trained, tmp_path):
    path, half = trained
    for facts, told in (
        ({"network": "encoder"}, "does not say width, depth, rank as numbers"),
        (OURS | {"width": "abc"}, "does not say width, depth, rank as numbers"),
        (OURS | {"width": "9"}, "tensors of another layout"),
        (FACTS, "holds a network that it does not name and not encoder; take the repository's file, or make one with"),
        (OURS | {"network": "completer"}, "holds completer and not encoder"),
    ):
        path.write_bytes(weights_bytes(half, facts))
        with pytest.raises(UserError, match=told):
            convert("encoder", path)


def test_a_damaged_file_is_refused(trained):
    """Other values under the old digest, half of a file, no weights at all."""
    path, half = trained
    whole = path.read_bytes()
    zeros = {name: torch.zeros_like(tensor) for name, tensor in half.items()}
    from safetensors.torch import save

    for content, told in (
        (save(zeros, read_metadata(path)), "does not match its own digest, so it is damaged; take the repository's"),
        (whole[: len(whole) // 2], "is damaged, or no file that `snakemake encoder` has made; take the repository's"),
        (b"weights", "is damaged, or no file that `snakemake encoder` has made"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=told):
            convert("encoder", path)


def test_its_generator_and_what_it_reads_are_networks():
    entry = registry.load("networks", "encoder")
    assert registry.load("networks", entry.generator).role == "generator"
    assert registry.load("networks", entry.reads).role == "perceptual"


def test_training_writes_weights_and_a_card_of_what_they_give(tmp_path, monkeypatch, small_generator):
    """On small networks in place of the real ones: the file holds what was measured."""
    from codes_pyramid import Pyramid

    names = {"mobilestylegan": small_generator, "stlpips_vgg": Pyramid()}
    for name in names:
        (tmp_path / name).write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": name}))
    monkeypatch.setattr(train_encoder, "load_generator", lambda path, _: names[path.name])
    monkeypatch.setattr(train_encoder, "load_perceptual", lambda path, _: names[path.name])
    monkeypatch.setattr(train_encoder, "HELD_OUT", 3)
    params = {
        "seed": 0, "width": 8, "depth": 1, "rank": 4, "store": 8, "fresh": 1, "batch": 2, "steps": 2,
        "render_steps": 1, "rate": 0.001, "felt": 1, "truth": 0.3, "mse": 5.0,
    }  # fmt: skip
    out, card = tmp_path / "out" / "encoder.safetensors", tmp_path / "out" / "encoder.md"
    train_encoder.main(params, tmp_path / "mobilestylegan", tmp_path / "stlpips_vgg", out, card, "float32")
    text = card.read_text()
    teacher = Teacher(small_generator, small_generator, names["stlpips_vgg"], 0)
    teacher.gaussian.manual_seed(train_encoder.AWAY)
    from safetensors.torch import load_file

    net = FaceEncoder(8, 8, 1, 4, Pyramid.channels[1:])
    net.load_state_dict({name: tensor.float() for name, tensor in load_file(out).items()})
    for name, images in train_encoder.held_out(teacher).items():
        decibels, distance = train_encoder.figures(net, names["stlpips_vgg"], small_generator, images)
        assert f"| {name} | {decibels:.2f} | {distance:.4f} |" in text
    assert "learned from | 11 faces" in text, "8 in the store, one a step"
    with pytest.raises(UserError, match="holds stlpips_vgg, and the encoder is for mobilestylegan"):
        train_encoder.main(params, tmp_path / "stlpips_vgg", tmp_path / "stlpips_vgg", out, card, "float32")


@pytest.mark.weights
def test_the_committed_weights_are_as_good_as_their_card_says(tmp_path, weights):
    """On drawn faces of its own held-out kind: what the encoder gives, rendered, is near them."""
    committed = ROOT / "stages" / "networks" / "trained" / "encoder.safetensors"
    (tmp_path / "encoder.safetensors").write_bytes(convert("encoder", committed))
    device = torch.device("cpu")
    encoder = load_encoder(tmp_path / "encoder.safetensors", device)
    generator = load_generator(weights / "mobilestylegan.safetensors", device)
    perceptual = load_perceptual(weights / "stlpips_vgg.safetensors", device)
    teacher = Teacher(generator, generator, perceptual, train_encoder.AWAY)
    with torch.no_grad():
        images = teacher.draw(3).image
    decibels, distance = train_encoder.figures(encoder, perceptual, generator, images)
    assert decibels > 22 and distance < 0.15, "its card: 26 dB and 0.09 on 48 of them"
    assert committed.stat().st_size < 8_000_000
    assert weights_digest(weights / "mobilestylegan.safetensors")[:16] in committed.with_suffix(".md").read_text()
