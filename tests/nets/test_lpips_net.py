"""LPIPS against the official code's values and the PyPI package."""

from copy import deepcopy

import lpips
import pytest
import torch
from golden import FORWARD, LPIPS_GRADIENT, relative, vectors, vgg16_state
from torch import Tensor
from torch.nn import functional
from torchvision.models import alexnet

from stages.codes.official_steps import masked_distance
from stages.nets.lpips_net import LPIPS, lpips_state
from stages.nets.sliced_network import LABELS

# Channels-last sums in another order, and one ReLU or maximum of 2×2 flips: 100 of 8192 pixels get 3e-3 in all.
FLIPPED_GRADIENT = 5e-3


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return lpips_state("vgg", vgg16_state())


@pytest.fixture(scope="module")
def net(state) -> LPIPS:
    net = LPIPS("vgg")
    net.load_state_dict(state)
    return net


@pytest.fixture
def golden() -> dict[str, Tensor]:
    return vectors("lpips_vgg")


@pytest.fixture
def masked() -> dict[str, Tensor]:
    return {key: t.float() for key, t in vectors("masked_lpips").items()}


def between(net: LPIPS, a: Tensor, b: Tensor, mask: Tensor | None = None, blocks: int | None = None) -> Tensor:
    fa, fb = net.features(a, blocks), net.features(b, blocks)
    return net.distance(fa, fb) if mask is None else masked_distance(net, fa, fb, mask)


def by_block(net: LPIPS, a: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """What each of the five blocks adds to the distance; (B, 5)."""
    sums = torch.stack([between(net, a, b, mask, i) for i in range(1, 6)], 1)
    return torch.cat([sums[:, :1], sums.diff()], 1)


@pytest.mark.parametrize(
    ("layout", "tolerance"), [(torch.contiguous_format, LPIPS_GRADIENT), (torch.channels_last, FLIPPED_GRADIENT)]
)
def test_distance_and_gradient_match(net, golden, layout, tolerance):
    net = deepcopy(net).to(memory_format=layout)
    in0 = golden["in0"].requires_grad_()
    distance = between(net, in0, golden["in1"])
    distance.sum().backward()
    assert relative(distance.detach(), golden["dist"].flatten()) < FORWARD
    assert relative(in0.grad, golden["grad_in0"]) < tolerance


@torch.no_grad()
def test_distance_is_symmetric_and_adds_up(net, golden):
    assert relative(between(net, golden["in1"], golden["in0"]), golden["dist_in1_in0"].flatten()) < FORWARD
    assert relative(by_block(net, golden["in0"], golden["in1"]), golden["per_layer"]) < FORWARD


@pytest.mark.parametrize("backbone", ["vgg", "alex"])
@torch.no_grad()
def test_distance_equals_the_packages(net, golden, backbone):
    if backbone == "alex":
        torch.manual_seed(0)
        net = LPIPS("alex")
        net.load_state_dict(lpips_state("alex", alexnet(weights=None).state_dict()))
    assert net.name == f"LPIPS-{LABELS[backbone]}-v0.1"
    with pytest.warns(UserWarning):
        package = lpips.LPIPS(net=backbone, pretrained=False, pnet_rand=True, verbose=False)
    package.load_state_dict(net.state_dict())
    expected = package(golden["in0"], golden["in1"]).flatten()
    torch.testing.assert_close(between(net, golden["in0"], golden["in1"]), expected, rtol=1e-6, atol=0)


def test_official_masked_distance_and_gradient_match(net, masked):
    in0 = masked["in0"].requires_grad_()
    value = between(net, in0, masked["in1"], masked["mask"], blocks=3)
    value.sum().backward()
    assert relative(value.detach(), masked["value"].flatten()) < FORWARD
    assert relative(in0.grad, masked["grad_in0"]) < LPIPS_GRADIENT


@torch.no_grad()
def test_official_masked_distance_of_a_batch_matches(net, masked):
    """The official code divides every item by the mask's sum over the whole batch, ours by its own."""
    a, b = torch.cat([masked["in0"], masked["in2"]]), torch.cat([masked["in2"], masked["in1"]])
    masks = torch.cat([masked["mask"], masked["mask2"]])
    values = 0
    for i, of_block in enumerate(by_block(net, a, b, masks).T[:3]):
        sums = functional.interpolate(masks, scale_factor=0.5**i, mode="nearest").sum((1, 2, 3))
        values = values + of_block * sums / sums.sum()
    assert relative(values, masked["value_batch2"].flatten()) < FORWARD
    assert relative(between(net, masked["in0"], masked["in1"], blocks=3), masked["value_nomask"].flatten()) < FORWARD
    blocks = by_block(net, masked["in0"], masked["in1"], masked["mask"])
    assert relative(blocks[0], masked["per_layer"]) < FORWARD


def test_official_blend_loss_matches(net, masked):
    in0 = masked["in0"].requires_grad_()
    face = between(net, in0, masked["in1"], masked["mask"], blocks=3)
    hair = between(net, in0, masked["in2"], masked["mask2"], blocks=3)
    (face + hair).sum().backward()
    assert relative(face.detach(), masked["blend_face"].flatten()) < FORWARD
    assert relative(hair.detach(), masked["blend_hair"].flatten()) < FORWARD
    assert relative((face + hair).detach(), masked["blend_total"].flatten()) < FORWARD
    assert relative(in0.grad, masked["blend_grad_in0"]) < LPIPS_GRADIENT


@torch.no_grad()
def test_our_mask_does_not_mix_items_and_may_be_empty(net, masked):
    a, b = torch.cat([masked["in0"], masked["in2"]]), torch.cat([masked["in2"], masked["in1"]])
    fa, fb = net.features(a, 3), net.features(b, 3)
    mask = torch.cat([masked["mask"], torch.zeros_like(masked["mask"])])
    both = net.distance(fa, fb, mask)
    alone = net.distance([x[:1] for x in fa], [x[:1] for x in fb], mask[:1])
    torch.testing.assert_close(both, torch.tensor([alone.item(), 0.0]))


def test_state_holds_no_tensor_twice(state):
    addresses = [tensor.data_ptr() for tensor in state.values()]
    assert len(set(addresses)) == len(addresses)


def test_state_of_another_backbone_is_refused():
    other = alexnet(weights=None).state_dict()
    with pytest.raises(KeyError, match=r"features\.0\.weight"):
        lpips_state("vgg", other)
    del other["features.3.bias"]
    with pytest.raises(KeyError, match=r"features\.3\.bias"):
        lpips_state("alex", other)
