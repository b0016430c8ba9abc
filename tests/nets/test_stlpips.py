"""ST-LPIPS against values of the package stlpips_pytorch 0.0.2, and its masks."""

import pytest
import torch

from stages.nets.loading import load_perceptual
from stages.nets.sliced_network import EPSILON, distance_map

# stlpips_pytorch 0.0.2, LPIPS(net=…, variant="shift_tolerant"), on `images()` with torch 2.14.1 on a CPU.
PACKAGE_VALUES = {
    "vgg": [0.012322824448347092, 0.012018503621220589],
    "alex": [0.005056870635598898, 0.0056420681066811085],
}


def images() -> tuple[torch.Tensor, torch.Tensor]:
    gaussian = torch.Generator().manual_seed(0)
    a = torch.rand(2, 3, 64, 64, generator=gaussian) * 2 - 1
    return a, (a + 0.3 * torch.randn(2, 3, 64, 64, generator=gaussian)).clamp(-1, 1)


@pytest.mark.weights
@pytest.mark.parametrize("backbone", PACKAGE_VALUES)
def test_distances_equal_the_packages(weights, backbone):
    net = load_perceptual(weights / f"stlpips_{backbone}.safetensors", torch.device("cpu"))
    a, b = images()
    ours = net.distance(net.features(a), net.features(b))
    torch.testing.assert_close(ours, torch.tensor(PACKAGE_VALUES[backbone]), rtol=1e-4, atol=0)


def test_identity_symmetry_and_range(small_perceptual):
    a, b = map(small_perceptual.features, images())
    assert (small_perceptual.distance(a, a) == 0).all()
    torch.testing.assert_close(small_perceptual.distance(a, b), small_perceptual.distance(b, a))
    assert (small_perceptual.distance(a, b) > 0).all()


def test_full_mask_is_no_mask(small_perceptual):
    a, b = map(small_perceptual.features, images())
    full = small_perceptual.distance(a, b, torch.ones(2, 1, 64, 64))
    torch.testing.assert_close(full, small_perceptual.distance(a, b))


def test_mask_hides_what_differs_and_items_do_not_mix(small_perceptual):
    a, _ = images()
    b = a.clone()
    b[0, :, :, :8] = 0  # far from the right half, also through the receptive fields of the first block
    mask = torch.zeros(2, 1, 64, 64)
    mask[:, :, :, 48:] = 1
    fa, fb = small_perceptual.features(a, 1), small_perceptual.features(b, 1)
    assert (small_perceptual.distance(fa, fb, mask) == 0).all()
    assert small_perceptual.distance(fa, fb, 1 - mask)[0] > 0
    assert small_perceptual.distance(fa, fb, 1 - mask)[1] == 0


def test_empty_mask_gives_zero_and_finite_gradients(small_perceptual):
    a, b = images()
    a.requires_grad_()
    mask = torch.zeros(2, 1, 64, 64)
    distance = small_perceptual.distance(small_perceptual.features(a), small_perceptual.features(b), mask)
    distance.sum().backward()
    assert (distance == 0).all()
    assert a.grad.isfinite().all()


def test_first_blocks_are_the_first_of_all(small_perceptual):
    a, _ = images()
    for some, each in zip(small_perceptual.features(a, 3), small_perceptual.features(a), strict=False):
        assert torch.equal(some, each)


def test_the_fused_gradient_is_that_of_the_formula():
    """Value and gradient of one block in float64 against autograd's own, with a weight and an empty pixel."""
    gaussian = torch.Generator().manual_seed(0)
    x, y = (torch.rand(2, 5, 4, 3, dtype=torch.float64, generator=gaussian) for _ in range(2))
    x[0, :, 0, 0] = 0
    weight = torch.rand(5, dtype=torch.float64, generator=gaussian)
    upstream = torch.rand(2, 1, 4, 3, dtype=torch.float64, generator=gaussian)

    class Net:
        head = staticmethod(lambda i: weight)

    def unit(t):
        return t / ((t.square().sum(1, keepdim=True) + EPSILON**2).sqrt() + EPSILON)

    def formula(t):
        return ((unit(t) - unit(y)).square() * weight.view(1, -1, 1, 1)).sum(1, keepdim=True)

    results = []
    for compute in (formula, lambda t: distance_map(Net, 0, t, y)):
        leaf = x.clone().requires_grad_()
        value = compute(leaf)
        (value * upstream).sum().backward()
        results.append((value.detach(), leaf.grad))
    torch.testing.assert_close(*(value for value, _ in results))
    torch.testing.assert_close(*(grad for _, grad in results))
