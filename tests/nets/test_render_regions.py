"""A render in which each region has styles of its own: by the plain render of each, and by where a style may reach."""

import pytest
import torch
from torch import Tensor

from stages.nets.mixing import mixed

ROUNDING = 1e-10  # relative, in float64
BEYOND = 40  # px of 256 px: further from a border no layer behind F looks across it


@pytest.fixture
def code(generator) -> tuple[Tensor, Tensor]:
    """F (2, C, 32, 32) and the styles of two regions (2, 2, n, 512)."""
    gaussian = torch.Generator().manual_seed(0)
    ws = torch.randn(2, 2, generator.n_styles, 512, generator=gaussian, dtype=torch.float64)
    with torch.no_grad():
        return generator.features(ws[:, 0]), ws


def halves(size: int) -> Tensor:
    """Shares (2, 2, size, size): the left half is the first region's."""
    left = (torch.arange(size) < size // 2).double().expand(2, size, size)
    return torch.stack([left, 1 - left], 1)


@torch.no_grad()
def test_a_region_that_is_all_is_the_plain_render(generator, code):
    f, ws = code
    for k in range(2):
        shares = torch.zeros(2, 2, 64, 64, dtype=torch.float64)
        shares[:, k] = 1
        torch.testing.assert_close(
            generator.render_regions(f, ws, shares), generator.render(f, ws[:, k]), rtol=ROUNDING, atol=ROUNDING
        )


@torch.no_grad()
def test_equal_styles_are_the_plain_render_whatever_the_regions(generator, code):
    f, ws = code
    same = ws[:, :1].expand(-1, 2, -1, -1)
    image = generator.render_regions(f, same, halves(512))
    torch.testing.assert_close(image, generator.render(f, ws[:, 0]), rtol=ROUNDING, atol=ROUNDING)


@torch.no_grad()
def test_far_from_the_border_each_region_is_as_its_own_style_makes_it(generator, code):
    f, ws = code
    image = generator.render_regions(f, ws, halves(512))
    left, right = (generator.render(f, each) for each in ws.unbind(1))
    middle = generator.size // 2
    torch.testing.assert_close(image[..., : middle - BEYOND], left[..., : middle - BEYOND], rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(image[..., middle + BEYOND :], right[..., middle + BEYOND :], rtol=1e-8, atol=1e-8)
    assert not torch.allclose(left, right, atol=0.01)


def test_mixed_worked_by_hand():
    """A share of a quarter at the half size, and lines between the middles of cells at the double size."""
    shares = torch.tensor([[[[1.0, 0], [0, 0]], [[0, 1], [1, 1]]]])
    ones = torch.ones(1, 1, 1, 1)
    assert mixed([4 * ones, 8 * ones], shares).item() == 7
    row = mixed(
        [torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)], torch.tensor([[[[1.0, 0]], [[0, 1]]]]).expand(1, 2, 2, 2)
    )
    torch.testing.assert_close(row[0, 0, 0], torch.tensor([0, 0.25, 0.75, 1]))
