"""Codes by an encoder: what is stored of a face, and which files are refused before anything is loaded."""

import json

import numpy as np
import pytest
import torch
from codes_pyramid import Pyramid
from PIL import Image

from stages import encode
from stages.codes import embedding
from stages.codes.embedding import FSCode, render_code
from stages.formats.images import png_bytes, read_rgb
from stages.formats.tensors import read_tensors, to_image
from stages.formats.weight_files import weights_bytes
from stages.nets.encoder_net import FaceEncoder
from stages.settings import methods as settings
from stages.settings.methods import encoders


class Brightness:
    """An encoder: every row of the code of an image is its mean brightness, and that of a black image is nothing."""

    n_styles = 10

    def codes(self, image):
        mean = image.mean((1, 2, 3))[:, None, None].expand(-1, 10, 512)
        return torch.where(mean > -1, mean, torch.nan)


@pytest.fixture
def folder(tmp_path, monkeypatch, small_generator):
    """Three faces, and weight files without the tensors of their networks, for which small ones stand in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(encode, "load_encoder", lambda *_: Brightness())
    monkeypatch.setattr(encode, "load_generator", lambda *_: small_generator)
    (tmp_path / "faces").mkdir()
    for name, level in (("black", 0), ("dark", 60), ("light", 200)):
        face = Image.new("RGB", (1024, 1024), (level,) * 3)
        (tmp_path / "faces" / f"{name}.png").write_bytes(png_bytes(face))
    weight_file(tmp_path / "encoder", "e4e", rows="10")
    weight_file(tmp_path / "generator", "stylegan2", size="64")
    return tmp_path


def weight_file(path, network, **facts):
    path.write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": network, **facts}))


def encoded(folder, *names):
    encode.main(
        frozenset(names), folder / "faces", folder / "generator", folder / "encoder", folder / "codes",
        folder / "renders", folder / "record.json",
    )  # fmt: skip
    return {item["item"]: item for item in json.loads((folder / "record.json").read_text())["items"]}


def test_a_face_becomes_its_code_and_what_that_renders_to(folder, small_generator):
    items = encoded(folder, "dark", "light")
    assert [item["status"] for item in items.values()] == ["ok", "ok"]
    assert all(item["seconds"] > 0 for item in items.values())
    for name, level in (("dark", 60), ("light", 200)):
        ws = read_tensors(folder / "codes" / f"{name}.safetensors")["W"]
        torch.testing.assert_close(ws, torch.full((10, 512), level / 127.5 - 1))
        wanted = to_image(small_generator.synthesis(ws[None])[0])
        assert np.array_equal(read_rgb(folder / "renders" / f"{name}.png"), np.array(wanted))


def test_a_code_that_is_not_finite_fails_its_face_alone(folder):
    items = encoded(folder, "black", "dark")
    assert items["black"]["reason"] == "e4e: the code is not finite"
    assert (folder / "codes" / "black.safetensors").read_bytes() == b""
    assert items["dark"]["status"] == "ok"


@pytest.mark.parametrize(
    ("changed", "network", "facts", "named"),
    [
        (
            "generator",
            "mobilestylegan",
            {},
            "encoder: e4e gives codes of stylegan2, and .*generator holds mobilestylegan",
        ),
        ("generator", "stylegan2", {"size": "128"}, "encoder: gives codes of 10 rows, and .*generator takes 12"),
        ("encoder", "e4e", {}, "encoder: gives codes of 18 rows, and .*generator takes 10"),
        ("encoder", "bisenet19", {}, "encoder: holds the network bisenet19, which is no encoder"),
    ],
)
def test_networks_that_do_not_fit_are_refused_before_anything_is_loaded(
    folder, refused, monkeypatch, changed, network, facts, named
):
    for loads in ("load_encoder", "load_generator"):
        monkeypatch.setattr(encode, loads, None)
    weight_file(folder / changed, network, **facts)
    refused(named, encoded, folder, "dark")


def test_an_encoder_that_reads_features_gives_f_and_s(folder, small_generator, monkeypatch):
    net = FaceEncoder(8, width=8, depth=1, rank=4, channels=Pyramid.channels[1:])
    monkeypatch.setattr(encode, "load_encoder", lambda *_: net)
    monkeypatch.setattr(encode, "load_perceptual", lambda *_: Pyramid())
    weight_file(folder / "encoder", "encoder", width="8", depth="1", rank="4")
    weight_file(folder / "generator", "mobilestylegan")
    weight_file(folder / "backbone", "stlpips_vgg")
    encode.main(
        frozenset(["dark"]), folder / "faces", folder / "generator", folder / "encoder", folder / "codes",
        folder / "renders", folder / "record.json", folder / "backbone",
    )  # fmt: skip
    code = read_tensors(folder / "codes" / "dark.safetensors")
    assert {name: tuple(x.shape) for name, x in code.items()} == {"W": (10, 512), "F": (8, 32, 32), "S": (3, 512)}
    assert torch.equal(code["W"], small_generator.mean_w.expand(10, 512)) and torch.equal(code["S"], code["W"][7:])
    wanted = to_image(render_code(small_generator, FSCode(code["F"][None], code["S"][None]))[0])
    assert np.array_equal(read_rgb(folder / "renders" / "dark.png"), np.array(wanted))


def test_an_encoder_gets_the_network_that_it_reads_or_is_refused(folder, refused):
    weight_file(folder / "encoder", "encoder", width="8", depth="1", rank="4")
    weight_file(folder / "generator", "mobilestylegan")
    weight_file(folder / "backbone", "stlpips_alex")
    for backbone, told in (
        (None, "encoder: encoder reads stlpips_vgg"),
        (folder / "backbone", "backbone: encoder reads"),
    ):
        refused(told, encode.check_fits, folder / "encoder", folder / "generator", backbone)


def test_the_encoders_in_use_are_those_that_methods_name():
    methods = {
        name: {"kind": "latent", "code": name, "align": False} for name in ("fs", "i2s", "e4e", "psp", "w_single")
    } | {"more": {"kind": "latent", "code": "e4e", "align": True}, "copy": {"kind": "copy"}}
    assert encoders(methods, "w") == ["e4e", "psp"]
    assert encoders({}, "psp") == ["psp"] and encoders({}, "mean") == []


def test_the_kinds_of_code_that_begin_at_a_start_are_those_that_are_freed():
    """Planning knows them without torch, embedding with what moves."""
    assert tuple(embedding.FREED) == settings.FREED
