"""StarGAN v2's checkpoint: it becomes a weight file and that a network; another layout is refused, its fault named."""

import hashlib

import pytest
import torch
from golden_translators import keys_of
from make_checkpoints import starganv2_checkpoint

from stages.convert import convert
from stages.formats.weight_files import read_metadata
from stages.nets.loading import load_generator, load_translator
from stages.networks.starganv2 import PARTS

CPU = torch.device("cpu")
NAME = "100000_nets_ema.ckpt"


def test_the_official_layout_becomes_a_network_and_its_file_is_recorded(refused, tmp_path):
    parts = starganv2_checkpoint()
    torch.save(parts, tmp_path / NAME)
    (tmp_path / "net.safetensors").write_bytes(convert("starganv2", tmp_path / NAME))
    state = load_translator(tmp_path / "net.safetensors", CPU).state_dict()
    assert all(torch.equal(state[f"{part}.{key}"], parts[part][key]) for part in PARTS for key in parts[part])
    content = (tmp_path / NAME).read_bytes()
    recorded = read_metadata(tmp_path / "net.safetensors")
    assert (recorded["sha256"], recorded["bytes"]) == (hashlib.sha256(content).hexdigest(), str(len(content)))
    assert "BY-NC" in recorded["licence"]
    refused("holds the network starganv2, which is no generator", load_generator, tmp_path / "net.safetensors", CPU)


@pytest.fixture
def layout() -> dict[str, dict[str, torch.Tensor]]:
    """The official layout in a few kilobytes: every tensor is one number that is repeated."""
    return {
        part: {key: torch.zeros(()).expand(shape) for key, shape in keys_of("starganv2", part).items()}
        for part in PARTS
    }


@pytest.mark.parametrize(
    ("part", "change", "fault"),
    [
        ("fan", None, r"has no fan; StarGAN v2's file has generator, mapping_network, style_encoder, fan;"),
        ("fan", {"l0.bias": None}, r"the first is fan\.l0\.bias, which is missing;"),
        (
            "style_encoder",
            {"unshared.1.bias": torch.zeros(3)},
            r"the first is style_encoder\.unshared\.1\.bias, which is \(3,\), not \(64,\);",
        ),
        ("generator", {"extra": torch.zeros(1)}, r"the first is generator\.extra, which should not be there;"),
    ],
)
def test_the_first_fault_is_named(refused, tmp_path, layout, part, change, fault):
    changed = dict(layout)
    if change is None:
        del changed[part]
    else:
        changed[part] = {key: tensor for key, tensor in (layout[part] | change).items() if tensor is not None}
    torch.save(changed, tmp_path / NAME)
    refused(rf"100000_nets_ema\.ckpt: .*{fault} docs/paper-networks\.md", convert, "starganv2", tmp_path / NAME)
