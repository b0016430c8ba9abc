"""Bicubic reduction against the official code (1e-5, measured 0), and reduction by area."""

import pytest
import torch
from golden import vectors

from stages.codes.reduction import area, bicubic, bicubic_by, taps


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_bicubic_equals_the_official_codes(factor):
    golden = vectors("bicubic")
    torch.testing.assert_close(
        taps(factor, torch.device("cpu"), torch.float32), golden[f"taps{factor}"], rtol=0, atol=1e-5
    )
    for name in ("x", "y")[: 1 if factor == 1 else 2]:
        ours = bicubic_by(golden[name], factor)
        torch.testing.assert_close(ours, golden[f"{name}_down{factor}"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_gradient_of_bicubic_equals_the_official_codes(factor):
    golden = vectors("bicubic")
    x = golden["x"].requires_grad_()
    bicubic_by(x, factor).square().mean().backward()
    torch.testing.assert_close(x.grad, golden[f"grad_x_down{factor}"], rtol=0, atol=1e-5)


def test_an_image_of_that_size_is_left_alone():
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(bicubic(image, 32), image)
    assert torch.equal(bicubic(image, 64), image)
    assert torch.equal(area(image, 32), image)


def test_area_averages_blocks_and_repeats_pixels():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    torch.testing.assert_close(area(image, 2), torch.tensor([[[[2.5, 4.5], [10.5, 12.5]]]]))
    assert torch.equal(area(image, 8), image.repeat_interleave(2, 2).repeat_interleave(2, 3))
