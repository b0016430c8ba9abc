"""The completer's file: what training writes is read again, other files are refused; its card says what it found."""

import numpy as np
import pytest
import torch
from support import drawn_maps

from stages import registry, train_completer
from stages.convert import convert
from stages.errors import UserError
from stages.formats.weight_files import read_metadata, weights_bytes
from stages.nets.completer_net import Completer
from stages.nets.loading import load_completer
from stages.nets.trained import halved
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19

CPU = torch.device("cpu")


def test_the_file_becomes_a_network_in_full_precision(tmp_path):
    net = Completer(CELEBAMASK_16, 4)
    (tmp_path / "completer.safetensors").write_bytes(
        halved(net, {"network": "completer", "scheme": "celebamask-16", "width": "4"})
    )
    (tmp_path / "net.safetensors").write_bytes(convert("completer", tmp_path / "completer.safetensors"))
    loaded = load_completer(tmp_path / "net.safetensors", CPU)
    assert loaded.scheme is CELEBAMASK_16 and loaded.width == 4
    for name, tensor in loaded.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, net.state_dict()[name])


def test_a_file_of_another_training_is_refused(tmp_path):
    path = tmp_path / "completer.safetensors"
    for facts, told in (
        (
            {"width": "4"},
            "does not say scheme, width as numbers and names; take the repository's file, or make one with",
        ),
        ({"width": "4", "scheme": "my-own"}, "does not say scheme, width as numbers and names"),
    ):
        path.write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": "completer", **facts}))
        with pytest.raises(UserError, match=told):
            convert("completer", path)


def test_it_has_room_in_two_megabytes_and_its_fill_is_registered():
    net = Completer(CELEBAMASK_19)
    assert sum(tensor.numel() for tensor in net.state_dict().values()) * 2 < 2e6
    fill = registry.load("networks", "completer").fill
    assert fill == "learned" and registry.load("fills", fill)


def test_training_writes_weights_and_a_card_of_what_they_give(tmp_path, monkeypatch):
    """On given maps in place of drawn ones: the file holds what was measured."""
    maps = np.stack(list(drawn_maps().values()))
    for name in ("generator", "parser"):
        (tmp_path / name).write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": name}))

    class Parser:
        scheme = CELEBAMASK_19

    monkeypatch.setattr(train_completer, "load_generator", lambda *_: None)
    monkeypatch.setattr(train_completer, "load_parser", lambda *_: Parser())
    asked = []
    monkeypatch.setattr(train_completer, "drawn_maps", lambda *given: asked.append(given[3:5]) or maps)
    params = {"seed": 3, "width": 4, "faces": 6, "batch": 2, "steps": 2, "rate": 0.001}
    out, card = tmp_path / "out" / "completer.safetensors", tmp_path / "out" / "completer.md"
    train_completer.main(params, tmp_path / "generator", tmp_path / "parser", 0.001, out, card, "float32")
    assert asked == [(6, 3), (train_completer.HELD_OUT, 3 + train_completer.AWAY)]
    assert out.stat().st_size < 2e6 and read_metadata(out)["scheme"] == "celebamask-19"
    (tmp_path / "net.safetensors").write_bytes(convert("completer", out))
    net = load_completer(tmp_path / "net.safetensors", CPU)
    hidden = train_completer.hidden_by_others(list(maps), CELEBAMASK_19, 3)

    def fill(labels, holes, scheme):
        return train_completer.completed(net, labels, holes, scheme).labels

    row = train_completer.figures(hidden, fill, CELEBAMASK_19, 0.001)
    text = card.read_text()
    assert f"| learned | {row.iou:.3f} | {row.right:.1%} | {row.neck:.2f} |" in text
    assert all(f"| {name} | " in text for name in train_completer.BESIDE)
    assert "label maps of 6 drawn faces" in text and "float32" in text
