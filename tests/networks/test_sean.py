"""SEAN's checkpoint: the official layout is taken unchanged, another is refused with the first fault named."""

import pytest
import torch
from golden_translators import keys_of

from stages import registry
from stages.convert import convert


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    """The official layout in a few kilobytes: every tensor is one number that is repeated."""
    return {key: torch.zeros(()).expand(shape) for key, shape in keys_of("sean", "generator").items()}


def test_the_official_layout_is_taken_unchanged(tmp_path, state):
    torch.save(state, tmp_path / "latest_net_G.pth")
    tensors, facts = registry.load("networks", "sean").read(tmp_path / "latest_net_G.pth")
    assert facts == {} and {key: tensor.shape for key, tensor in tensors.items()} == {
        key: tensor.shape for key, tensor in state.items()
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"up_0.ace_0.fc_mu13.weight": None}, r"up_0\.ace_0\.fc_mu13\.weight, which is missing;"),
        ({"fc.bias": torch.zeros(3)}, r"fc\.bias, which is \(3,\), not \(1024,\);"),
        ({"up_0.conv_0.weight": torch.zeros(1)}, r"up_0\.conv_0\.weight, which should not be there;"),
    ],
)
def test_the_first_fault_is_named(refused, tmp_path, state, change, fault):
    changed = {key: tensor for key, tensor in (state | change).items() if tensor is not None}
    torch.save(changed, tmp_path / "latest_net_G.pth")
    pattern = rf"latest_net_G\.pth: tensors of another layout, the first is {fault} docs/paper-networks\.md"
    refused(pattern, convert, "sean", tmp_path / "latest_net_G.pth")
