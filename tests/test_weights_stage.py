"""Converting pinned archives, and weight files that are checked before they are used."""

import zipfile

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages import weights
from stages.errors import UserError
from stages.formats import archives
from stages.formats.files import sha256, sha256_file
from stages.formats.pinned import Pinned
from stages.formats.weight_files import read_metadata, read_weights, weights_bytes
from stages.networks import Network

TENSORS = {"conv.weight": torch.arange(24.0).reshape(2, 3, 4), "norm.count": torch.tensor(7)}


@pytest.fixture
def networks(tmp_path, monkeypatch):
    """Two made-up networks in place of the real ones, and their good archives in tmp_path/packages."""
    table = {}
    for name, value in (("first", 1.0), ("second", 2.0)):
        archive = tmp_path / "packages" / f"{name}-1.0.whl"
        archive.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr("data.bin", name)
        origin = Pinned(name, "1.0", archive.name, sha256_file(archive), "MIT")
        table[name] = Network(
            "generator", name, origin, lambda archive, value=value: ({"w": torch.full((3,), value)}, {}), lambda _: None
        )
    monkeypatch.setattr(weights, "embedded", lambda: table)
    return table


@pytest.fixture
def no_index(monkeypatch):
    monkeypatch.setattr(archives, "_fetch_from_first", lambda *_: pytest.fail("an archive was to be fetched"))


def test_good_archives_are_converted_without_an_index(tmp_path, networks, no_index):
    weights.make_weights(tmp_path / "packages", tmp_path / "out")
    for name, value in (("first", 1.0), ("second", 2.0)):
        path = tmp_path / "out" / f"{name}.safetensors"
        assert torch.equal(read_weights(path, {"w": torch.zeros(3)})["w"], torch.full((3,), value))
        origin = {"network": name, "package": name, "version": "1.0", "licence": "MIT"}
        assert origin.items() <= read_metadata(path).items()
        assert read_metadata(path)["sha256"] == networks[name].origin.sha256


def test_wrong_digest_stops_before_anything_is_converted(refused, tmp_path, networks, no_index):
    archive = tmp_path / "packages" / "second-1.0.whl"
    archive.write_bytes(b"another content")
    digests = f"{sha256(b'another content')}.*{networks['second'].origin.sha256}"
    refused(f"^{archive}: .*{digests}", weights.make_weights, tmp_path / "packages", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_round_trip(tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(weights_bytes({name: t.transpose(0, -1) if t.dim() else t for name, t in TENSORS.items()}, {}))
    expected = {"conv.weight": torch.zeros(4, 3, 2), "norm.count": torch.tensor(0)}
    found = read_weights(path, expected)
    assert torch.equal(found["conv.weight"], TENSORS["conv.weight"].transpose(0, 2))
    assert found["norm.count"] == 7


WEIGHTS = weights_bytes(TENSORS, {"network": "made-up"})
HEADER = len(WEIGHTS) - 24 * 4 - 8  # the tensors come last


@pytest.mark.parametrize("length", [0, 5, 40, HEADER, len(WEIGHTS) - 1])
def test_truncated_weights_are_refused(refused, tmp_path, length):
    path = tmp_path / "net.safetensors"
    path.write_bytes(WEIGHTS[:length])
    refused(f"^{path}: .*remove it", read_weights, path, TENSORS)


def test_missing_weights_are_refused(refused, tmp_path):
    refused("no.safetensors: .*run `", read_weights, tmp_path / "no.safetensors", TENSORS)


@given(st.integers(0, len(WEIGHTS) - 1), st.integers(1, 255))
def test_flipped_byte_never_changes_a_tensor(tmp_path_factory, position, mask):
    content = bytearray(WEIGHTS)
    content[position] ^= mask
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    path.write_bytes(content)
    try:
        found = read_weights(path, TENSORS)
    except UserError as error:
        assert str(error).startswith(f"{path}: ")
    else:  # the flip was in the words about the origin
        assert position < HEADER
        assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


@pytest.mark.parametrize(
    ("tensors", "named"),
    [
        ({"conv.weight": TENSORS["conv.weight"]}, "norm.count"),
        (TENSORS | {"to_rgb": torch.zeros(1)}, "to_rgb"),
        (TENSORS | {"conv.weight": torch.zeros(3, 2, 4)}, "conv.weight"),
    ],
)
def test_weights_of_another_layout_are_refused(refused, tmp_path, tensors, named):
    path = tmp_path / "net.safetensors"
    path.write_bytes(weights_bytes(tensors, {}))
    refused(f"^{path}: .*{named}", read_weights, path, TENSORS)


def test_weights_without_a_digest_are_refused(refused, tmp_path):
    path = tmp_path / "net.safetensors"
    safetensors.torch.save_file(TENSORS, path)
    refused(f"^{path}: .*digest", read_weights, path, TENSORS)
