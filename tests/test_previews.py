"""What aligned codes render to: the images of all references side by side."""

import numpy as np
import pytest
import torch

from stages import previews
from stages.codes.embedding import w_to_code
from stages.engine.stage_records import read_record
from stages.formats.images import read_rgb
from stages.formats.tensors import tensor_bytes, to_image
from stages.formats.weight_files import weights_bytes


@pytest.fixture
def folder(tmp_path, monkeypatch, small_generator):
    """Two pairs, the aligned code of the second of which failed; a small generator in place of the real one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(previews, "load_generator", lambda *_: small_generator)
    ws = torch.randn(2, small_generator.n_styles, 512, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        code = w_to_code(small_generator, ws)
    (tmp_path / "aligned").mkdir()
    (tmp_path / "aligned" / "p.safetensors").write_bytes(tensor_bytes({"F": code.f, "S": code.s}))
    (tmp_path / "aligned" / "q.safetensors").write_bytes(b"")
    (tmp_path / "pairs.csv").write_text("pair,identity,hair\np,a,b\nq,b,a\n")
    (tmp_path / "net.safetensors").write_bytes(weights_bytes({"w": torch.zeros(1)}, {"network": "mobilestylegan"}))
    return tmp_path, ws


def test_an_unchanged_code_renders_to_its_image_and_a_failed_one_to_none(folder, small_generator):
    path, ws = folder
    previews.main(
        "ours", path / "pairs.csv", path / "aligned", path / "net.safetensors", path / "out", path / "record.json"
    )
    with torch.no_grad():
        images = [np.array(to_image(image)) for image in small_generator.synthesis(ws)]
    found = read_rgb(path / "out" / "p.png")
    size = small_generator.size
    assert found.shape == (size, 2 * size, 3)
    assert np.abs(found.astype(int) - np.concatenate(images, 1)).max() <= 1
    assert (path / "out" / "q.png").read_bytes() == b""
    of = {item["item"]: item["status"] for item in read_record(path / "record.json")["items"]}
    assert of == {"p": "ok", "q": "failed"}
