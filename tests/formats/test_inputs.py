"""What items read: the same tensors ahead and at once, read in another thread, and once a batch."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image

from stages.engine.items import Item
from stages.formats import inputs as module
from stages.formats.images import png_bytes, read_rgb
from stages.formats.inputs import Inputs
from stages.formats.label_maps import label_map_bytes, read_label_map
from stages.formats.tensors import tensor_bytes
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19

CPU = torch.device("cpu")
NAMES = ["a", "b", "c", "d"]


@pytest.fixture
def items(tmp_path):
    """Items of a face, two label maps and a code, each of them different."""
    made = []
    for seed, name in enumerate(NAMES):
        random = np.random.default_rng(seed)
        pixels, labels = random.integers(0, 256, (16, 16, 3), np.uint8), random.integers(0, 19, (8, 8), np.uint8)
        contents = {
            "face0": (f"{name}.png", png_bytes(Image.fromarray(pixels))),
            "map0": (f"{name}-map.png", label_map_bytes(labels, CELEBAMASK_19)),
            "target": (f"{name}-target.png", label_map_bytes(labels.T, CELEBAMASK_19)),
            "code1": (f"{name}.safetensors", tensor_bytes({"F": torch.full((2, 3), seed), "S": torch.ones(4)})),
        }
        for file, content in contents.values():
            (tmp_path / file).write_bytes(content)
        made.append(Item(name, {role: tmp_path / file for role, (file, _) in contents.items()}, {}))
    return made


def everything(inputs, batch):
    codes = inputs.codes(batch, "code1")
    return [
        inputs.faces(batch, "face0"), inputs.labels(batch, "map0"), inputs.labels(batch, "target"),
        codes["F"], codes["S"],
    ]  # fmt: skip


@pytest.fixture
def decoded(monkeypatch):
    """The files that were decoded, and in which thread."""
    seen = []

    def watched(read):
        def reading(path, *args):
            seen.append((path, threading.current_thread()))
            return read(path, *args)

        return reading

    for name in ("read_rgb", "read_label_map", "read_tensors"):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    return seen


def test_tensors_are_those_of_the_files(items):
    faces, maps, targets, f, s = everything(Inputs(CPU, CELEBAMASK_19), items[:2])
    for i, item in enumerate(items[:2]):
        pixels = torch.from_numpy(read_rgb(item.inputs["face0"])).double().permute(2, 0, 1)
        torch.testing.assert_close(faces[i].double(), pixels / 127.5 - 1, rtol=0, atol=1e-6)
        for stack, role in ((maps, "map0"), (targets, "target")):
            assert np.array_equal(stack[i].numpy(), read_label_map(item.inputs[role], CELEBAMASK_19))
        assert (f[i] == i).all() and (s[i] == 1).all()
    assert maps.dtype == targets.dtype == torch.int64
    assert f.shape == (2, 2, 3)


def test_reading_ahead_gives_the_same_from_another_thread(items, decoded):
    plain = [everything(Inputs(CPU, CELEBAMASK_19), batch) for batch in (items[:2], items[2:])]
    decoded.clear()
    inputs = Inputs(CPU, CELEBAMASK_19)
    inputs.read_ahead(items[:2])
    inputs.read_ahead(items[2:])
    first = everything(inputs, items[:2])
    inputs.read_ahead([])
    second = everything(inputs, items[2:])
    for tensors, expected in zip((first, second), plain, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(tensors, expected, strict=True))
    paths = [path for path, _ in decoded]
    assert sorted(paths) == sorted(path for item in items for path in item.inputs.values()), "each of them once"
    assert threading.current_thread() not in {thread for _, thread in decoded}


def test_what_several_items_share_is_read_once(items, decoded):
    shared = [item._replace(inputs=items[0].inputs) for item in items]
    inputs = Inputs(CPU, CELEBAMASK_19)
    inputs.read_ahead(shared)
    inputs.read_ahead([])
    everything(inputs, shared)
    assert len(decoded) == len(items[0].inputs)


def test_other_batches_than_foretold_are_read_all_the_same(items):
    """As when a batch did not fit into memory, or its size was not known yet."""
    inputs = Inputs(CPU, CELEBAMASK_19)
    inputs.read_ahead(items[:1])
    inputs.read_ahead(items[1:2])
    for batch in ([items[3]], items[1:], items[:1]):
        expected = everything(Inputs(CPU, CELEBAMASK_19), batch)
        assert all(torch.equal(a, b) for a, b in zip(everything(inputs, batch), expected, strict=True))


def test_errors_are_told_where_the_file_is_needed(items, refused):
    items[1].inputs["code1"].write_bytes(b"damaged")
    inputs = Inputs(CPU, CELEBAMASK_16)  # the maps are of another scheme
    inputs.read_ahead(items[:2])
    inputs.read_ahead([])
    inputs.codes(items[:1], "code1")
    refused("b.safetensors: damaged", inputs.codes, items[:2], "code1")
    refused("a-map.png: its label scheme is", inputs.labels, items[:1], "map0")
