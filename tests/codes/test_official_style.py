"""The official code's style loss against its values."""

import pytest
import torch
from golden import FORWARD, STYLE_GRADIENT, relative, vectors, vgg16_state
from torch import Tensor
from torch.nn import functional

from stages.codes.style import SMALL, STYLE_BLOCKS, official_grams, official_style_loss
from stages.nets.lpips_net import LPIPS, lpips_state

LAMBDA = 4e4  # of the official code, in the golden gradients


def gram_loss(net: LPIPS, a: Tensor, b: Tensor, mask_a: Tensor, mask_b: Tensor) -> Tensor:
    return official_style_loss(official_grams(net, b, mask_b), official_grams(net, a, mask_a))


@pytest.fixture(scope="module")
def net() -> LPIPS:
    net = LPIPS("vgg")
    net.load_state_dict(lpips_state("vgg", vgg16_state()))
    return net.to(memory_format=torch.channels_last)


def case(name: str) -> dict[str, Tensor]:
    arrays = vectors("style_loss").items()
    return {key.removeprefix(f"{name}_"): t.float() for key, t in arrays if key.startswith(f"{name}_")}


@pytest.fixture(scope="module")
def c64() -> dict[str, Tensor]:
    return case("c64")


@pytest.mark.parametrize("name", ["c64", "c256"])
def test_loss_and_gradient_match(net, name):
    golden = case(name)
    im2 = golden["im2"].requires_grad_()
    loss = gram_loss(net, golden["im1"], im2, golden["mask1"], golden["mask2"])
    (LAMBDA * loss).sum().backward()
    assert relative(loss.detach(), golden["loss"].view(1)) < FORWARD
    assert relative(LAMBDA * loss.detach(), golden["loss_x4e4"].view(1)) < FORWARD
    assert relative(im2.grad, golden["grad_im2_of_x4e4"]) < STYLE_GRADIENT


@torch.no_grad()
def test_loss_without_masks_matches(net, c64):
    full = torch.ones_like(c64["mask1"])
    loss = gram_loss(net, c64["im1"], c64["im2"], full, full)
    assert relative(loss, c64["loss_nomask"].view(1)) < FORWARD


@torch.no_grad()
def test_activations_match(net, c64):
    image = functional.interpolate(c64["im1"] * c64["mask1"], (SMALL, SMALL), mode="bilinear", align_corners=True)
    strengths = torch.stack([x.square().mean().sqrt() for x in net.raw_features(image, STYLE_BLOCKS)])
    assert relative(strengths, c64["act_rms"]) < FORWARD


@torch.no_grad()
def test_items_of_a_batch_are_independent(net, c64):
    twice = [torch.cat([c64["im1"], c64["im2"]]), torch.cat([c64["im2"], c64["im2"]])]
    masks = [torch.cat([c64["mask1"], c64["mask2"]]), torch.cat([c64["mask2"], c64["mask2"]])]
    loss = gram_loss(net, *twice, *masks)
    assert relative(loss[:1], c64["loss"].view(1)) < FORWARD
    assert loss[1] == 0
