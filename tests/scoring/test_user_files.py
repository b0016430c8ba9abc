"""Networks that the user supplies: refused in one line without their file, and what they compute with it.

The real files are on no machine that tests. What stands in for them is built here: a small CLIP of the published layout
as a TorchScript archive, and an ONNX network that averages squares of pixels. The digest is then not checked.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from support import ROOT, seeded

from stages.errors import UserError
from stages.nets.clip_vision import ClipVision
from stages.scoring.arcface import TEMPLATE, aligned, five_points, load_arcface
from stages.scoring.clip import MEAN, STD, load_clip
from stages.scoring.metric_names import metrics_of, networks_of
from stages.scoring.user_files import ARCFACE, CLIPS, INCEPTION, check_score_files, clip_of, supplied_to_score
from stages.settings.config import check_params

CPU = torch.device("cpu")
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
NONE = {"inception": None, "clip": [], "arcface": None}


class Whole(torch.nn.Module):
    """What an archive holds beside the image encoder does not matter."""

    def __init__(self, visual):
        super().__init__()
        self.visual, self.logit_scale = visual, torch.nn.Parameter(torch.ones(()))

    def encode_image(self, image):
        return self.visual(image)


@pytest.fixture
def clip_file(tmp_path):
    path = tmp_path / "ViT-B-32.pt"
    whole = Whole(seeded(ClipVision(32, 16, 64, 1, 8))).eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch advises against such files, and against `len` in them
        torch.jit.trace_module(whole, {"encode_image": torch.zeros(1, 3, 32, 32)}).save(path)
    return path


def test_clip_features_are_those_of_the_archives_own_program(clip_file):
    encode = load_clip(clip_file, CPU, verify=False)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    small = np.array(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC)) / 255
    image = torch.from_numpy((small - np.array(MEAN)) / np.array(STD)).permute(2, 0, 1)[None].float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.jit.load(clip_file).encode_image(image)[0].detach().numpy()
    features = encode(pixels)
    assert features.shape == (8,) and features.dtype == np.float64
    np.testing.assert_allclose(features, program, rtol=1e-4, atol=1e-6)


def test_another_file_than_the_published_one_is_not_opened(clip_file, refused):
    refused(f"{clip_file}: is not ViT-B-32.pt as published; its sha256 must begin with 40d365715913c9da", load_clip,
            clip_file, CPU)  # fmt: skip
    clip_file.write_bytes(b"no archive")
    refused("is no TorchScript archive of a CLIP", lambda: load_clip(clip_file, CPU, verify=False))


def field(number: int, content: bytes | str | int) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def tensor(name: str, *shape: int) -> bytes:
    sizes = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sizes)))


def node(operation: str, before: str, after: str, **attributes: list[int]) -> bytes:
    made = field(1, before) + field(2, after) + field(4, operation)
    for name, values in attributes.items():
        made += field(5, field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7))
    return field(1, made)


@pytest.fixture
def arcface_file(tmp_path):
    """Means of squares of 28 px, (1, 3, 112, 112) to (1, 48)."""
    graph = node("AveragePool", "input.1", "means", kernel_shape=[28, 28], strides=[28, 28]) + node(
        "Flatten", "means", "683"
    )
    graph += field(2, "g") + field(11, tensor("input.1", 1, 3, 112, 112)) + field(12, tensor("683", 1, 48))
    path = tmp_path / "w600k_r50.onnx"
    path.write_bytes(field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
    return path


LANDMARKS = np.zeros((68, 2))
LANDMARKS[36:42], LANDMARKS[42:48], LANDMARKS[30], LANDMARKS[48], LANDMARKS[54] = TEMPLATE


def test_arcface_sees_the_aligned_face_in_its_range(arcface_file):
    identify = load_arcface(arcface_file, verify=False)
    face = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    blocks = face.reshape(4, 28, 4, 28, 3).mean((1, 3)) / 127.5 - 1
    expected = blocks.transpose(2, 0, 1).ravel()
    np.testing.assert_allclose(identify(face, LANDMARKS), expected / np.linalg.norm(expected), atol=1e-5)


def test_a_turned_and_scaled_face_is_aligned_like_an_upright_one(arcface_file):
    """A smooth face, so that resampling costs little: the cosine is above 0.999."""
    identify = load_arcface(arcface_file, verify=False)
    y, x = np.mgrid[:400, :400] / 400
    image = np.uint8(255 * np.stack([x, y, np.sin(6 * x) ** 2], -1))
    landmarks = 1.5 * LANDMARKS + 100
    turned, moved = np.rot90(image), np.stack([landmarks[:, 1], 399 - landmarks[:, 0]], 1)
    found = [identify(a, b) for a, b in ((image, landmarks), (turned, moved), (image[::2, ::2], landmarks / 2))]
    assert found[0] @ found[1] > 0.999 and found[0] @ found[2] > 0.999
    np.testing.assert_allclose(five_points(landmarks), 1.5 * TEMPLATE + 100)
    assert aligned(image, five_points(landmarks)).shape == (112, 112, 3)


def test_another_onnx_file_is_refused(arcface_file, refused):
    refused(
        "is not w600k_r50.onnx as published; its sha256 must begin with 4c06341c33c2ca1f", load_arcface, arcface_file
    )
    arcface_file.write_bytes(b"no network")
    refused("OpenCV cannot read it as an ONNX network", lambda: load_arcface(arcface_file, verify=False))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"inception": "a.pth"},
            "score.inception: a.pth: no such file; it should be a copy of pt_inception",
        ),
        ({"arcface": "b.onnx"}, "score.arcface: b.onnx: no such file; it should be a copy of w600k_r50.onnx"),
        ({"clip": ["ViT-B-32.pt"]}, "score.clip: ViT-B-32.pt: no such file; it should be a copy of ViT-B-32.pt"),
    ],
)
def test_a_file_that_is_not_there_is_refused_in_one_line_before_anything_runs(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    check_score_files(NONE)
    with pytest.raises(UserError, match=f"^{re.escape(message)}") as error:
        check_score_files(NONE | given)
    assert "\n" not in str(error.value)


def test_all_that_is_supplied_is_named():
    score = {"inception": "a.pth", "arcface": "b.onnx", "clip": ["c/ViT-B-32.pt", "ViT-L-14-336px.pt"]}
    assert set(supplied_to_score(score)) == {"a.pth", "b.onnx", *score["clip"]}
    assert supplied_to_score(NONE) == []
    assert [clip_of(path).title for path in score["clip"]] == ["ViT-B/32", "ViT-L/14@336"]
    assert all(re.fullmatch("[0-9a-f]{64}", each.sha256) for each in (*CLIPS, ARCFACE))
    assert INCEPTION.file.endswith(f"-{INCEPTION.sha256}.pth")


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (["my-clip.pt"], "score.clip: my-clip.pt is not named as published: ViT-B-32.pt or ViT-L-14-336px.pt"),
        (["a/ViT-B-32.pt", "b/ViT-B-32.pt"], "score.clip: names ViT-B/32 more than once"),
    ],
)
def test_a_clip_of_another_name_is_refused(clip, message):
    with pytest.raises(UserError, match=re.escape(message)):
        check_params(PARAMS | {"score": PARAMS["score"] | {"clip": clip}})


def test_metrics_are_named_only_with_their_files():
    """Nothing takes their place without."""
    without = metrics_of(PARAMS)["transfer"]
    assert not [name for name in without if "CLIP" in name or "ArcFace" in name]
    paths = {"clip": ["ViT-B-32.pt", "ViT-L-14-336px.pt"], "arcface": "w600k_r50.onnx"}
    params = PARAMS | {"score": PARAMS["score"] | {"identity": False} | paths}
    assert set(metrics_of(params)["transfer"]) - set(without) == {
        "CLIP-I ViT-B/32", "taken CLIP-I ViT-B/32", "CLIP-I ViT-L/14@336", "taken CLIP-I ViT-L/14@336",
        "identity cosine ArcFace-w600k_r50@112",
    }  # fmt: skip
    assert networks_of(params) == ["dlib_landmarks"]


def test_the_report_may_rank_by_them():
    score = PARAMS["score"] | {"clip": ["ViT-B-32.pt"], "arcface": "w600k_r50.onnx"}
    report = PARAMS["report"] | {"metrics": ["CLIP-I", "taken CLIP-I", "identity cosine", "outside PSNR"]}
    check_params(PARAMS | {"score": score, "report": report})
    with pytest.raises(UserError, match="CLIP-I is no metric of transfer"):
        check_params(PARAMS | {"report": report | {"metrics": ["CLIP-I"]}})


def test_every_file_is_described_where_the_messages_say():
    text = (Path(ROOT) / "docs" / "protocols.md").read_text()
    for each in (*CLIPS, ARCFACE, INCEPTION):
        assert each.file in text and each.sha256[:8] in text
