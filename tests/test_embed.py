"""Where F and S begin: at W+, at another code's F and S, or at the mean face; with no step they end there."""

import pytest
import torch
import yaml
from PIL import Image
from support import ROOT

from stages import embed
from stages.codes.embedding import w_to_code
from stages.formats.files import write_atomic
from stages.formats.images import png_bytes
from stages.formats.tensors import read_tensors, tensor_bytes
from stages.formats.weight_files import weights_bytes

SECTION = yaml.safe_load((ROOT / "params.yaml").read_text())["embed"]


@pytest.fixture
def folder(tmp_path, monkeypatch, small_generator, small_perceptual):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(embed, "load_generator", lambda *_: small_generator)
    monkeypatch.setattr(embed, "load_perceptual", lambda *_: small_perceptual)
    for k, name in enumerate("ab"):
        write_atomic(tmp_path / "faces" / f"{name}.png", png_bytes(Image.new("RGB", (1024, 1024), (90 + 60 * k,) * 3)))
    for name in ("generator", "perceptual"):
        (tmp_path / name).write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": name}))
    return tmp_path


def embedded(folder, kind, steps, starts=None):
    """The codes of both faces, by name, after so many steps."""
    params = {part: SECTION[part] | {"steps": steps} for part in ("w", "fs")}
    params["w"]["preview_steps"] = 0
    out = folder / f"codes-{kind}-{starts}"
    embed.main(
        SECTION | params, frozenset("ab"), folder / "faces", folder / "generator", folder / "perceptual", out,
        folder / "renders", folder / f"{kind}.json", "float32", kind, starts,
    )  # fmt: skip
    return {name: read_tensors(out / f"{name}.safetensors") for name in "ab"}, out


def test_w_is_moved_from_the_mean_and_holds_no_structure(folder, small_generator):
    moved, _ = embedded(folder, "w", 2)
    assert all(set(code) == {"W"} for code in moved.values())
    assert not torch.equal(moved["a"]["W"], moved["b"]["W"])
    still, _ = embedded(folder, "w", 0)
    assert torch.equal(still["a"]["W"], small_generator.mean_w.expand(small_generator.n_styles, -1))
    assert (folder / "renders" / "w" / "a.png").stat().st_size


def test_f_and_s_begin_at_w_plus(folder, small_generator):
    ws, begins = embedded(folder, "w", 2)
    codes, _ = embedded(folder, "fs", 0, begins)
    for name, code in codes.items():
        assert torch.equal(code["W"], ws[name]["W"])
        expected = w_to_code(small_generator, code["W"][None])
        assert torch.equal(code["F"], expected.f[0]) and torch.equal(code["S"], expected.s[0])
    assert not torch.equal(embedded(folder, "fs", 2, begins)[0]["a"]["F"], codes["a"]["F"])


def test_f_and_s_begin_at_those_of_another_code(folder, small_generator):
    begins = folder / "encoded"
    ws = small_generator.mean_w.repeat(small_generator.n_styles, 1)
    f, s = (t[0] for t in w_to_code(small_generator, ws[None]))
    for k, name in enumerate("ab"):
        write_atomic(begins / f"{name}.safetensors", tensor_bytes({"W": ws, "F": f + k, "S": s - k}))
    codes, _ = embedded(folder, "fs", 0, begins)
    for k, name in enumerate("ab"):
        assert torch.equal(codes[name]["F"], f + k) and torch.equal(codes[name]["S"], s - k)


def test_without_another_code_they_begin_at_the_mean_face(folder, small_generator):
    (code, other) = embedded(folder, "fs", 0)[0].values()
    expected = small_generator.features(small_generator.mean_w.repeat(1, small_generator.n_styles, 1))[0]
    assert torch.equal(code["F"], expected) and torch.equal(other["F"], expected)
