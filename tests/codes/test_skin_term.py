"""The shade of uncovered skin: colours by scikit-image, the goal by the metric's own, the loss by what it pulls to."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab
from torch import Tensor

from stages.codes.skin_term import lab, shade_loss, shade_of
from stages.regions.skin import GRID, cell_means, shade

SIZE = 64
LAB = 2e-3  # units of L*a*b*, beside scikit-image's: it has more digits of the same matrix


def image(seed: int = 0) -> Tensor:
    """A plane of skin's colours with noise, (1, 3, 64, 64) in [-1, 1]."""
    rng = np.random.default_rng(seed)
    across = np.linspace(0, 0.2, SIZE)[None, :, None]
    colours = np.array([0.75, 0.55, 0.45]) - across + rng.normal(0, 0.01, (SIZE, SIZE, 3))
    return torch.from_numpy(colours.clip(0, 1)).float().permute(2, 0, 1)[None] * 2 - 1


def halves() -> tuple[Tensor, Tensor]:
    """What is visible and what is uncovered, (1, 1, 64, 64): the left half and a part of the right one."""
    visible, uncovered = torch.zeros(1, 1, SIZE, SIZE), torch.zeros(1, 1, SIZE, SIZE)
    visible[..., :32], uncovered[..., 16:48, 40:56] = 1, 1
    return visible, uncovered


def pixels(given: Tensor) -> np.ndarray:
    return ((given[0].permute(1, 2, 0).numpy() + 1) / 2).clip(0, 1)


def test_lab_is_scikit_images():
    colours = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    colours[0, :, 0] = torch.linspace(-1, -0.9, 32)  # both lines near black
    expected = rgb2lab(pixels(colours))
    np.testing.assert_allclose(lab(colours)[0].permute(1, 2, 0).numpy(), expected, atol=LAB)


def test_its_gradient_is_that_of_differences_also_where_the_roots_begin():
    colours = torch.tensor([-0.97, -0.5, 0.3, 0.9]).view(1, 1, 1, 4).expand(1, 3, 1, 4).clone().requires_grad_()
    step, weights = 0.01, torch.tensor([1.0, 2, 3]).view(1, 3, 1, 1)
    (ours,) = torch.autograd.grad((lab(colours) * weights).sum(), colours)
    for channel in range(3):
        moved = torch.zeros_like(colours)
        moved[:, channel] = step
        with torch.no_grad():
            change = ((lab(colours + moved) - lab(colours - moved)) * weights).sum(1) / (2 * step)
        torch.testing.assert_close(ours[:, channel], change, rtol=0.02, atol=0.5)
    dark = torch.full((1, 3, 1, 1), -1.0, requires_grad=True)
    lab(dark).sum().backward()
    assert torch.isfinite(dark.grad).all()


def test_the_goal_is_the_shade_that_the_metric_foretells():
    given, (visible, uncovered) = image(), halves()
    found = shade_of(given, visible, uncovered)
    expected = shade(*cell_means(rgb2lab(pixels(given)), visible[0, 0].numpy()))
    np.testing.assert_allclose(found.goal[0].permute(1, 2, 0).numpy(), expected, atol=0.05)
    assert torch.equal(found.mask, uncovered) and found.goal.shape == (1, 3, GRID, GRID)


def test_a_stain_costs_its_squared_distance_and_is_pulled_away():
    given, (visible, uncovered) = image(), halves()
    wanted = shade_of(given, visible, uncovered)
    clean = shade_loss(given, wanted).item()
    assert clean < 1e-3, "the plane goes on, and a slope is believed by half"
    stained = (given - 0.3 * uncovered).requires_grad_()
    loss = shade_loss(stained, wanted)
    assert loss.item() > 20 * clean
    loss.sum().backward()
    assert (stained.grad[..., 20:44, 44:52] < 0).float().mean() > 0.9, "brighter is better"
    assert stained.grad[..., :38].abs().max() == 0


@pytest.mark.parametrize("lacks", ["visible", "uncovered"])
def test_without_visible_or_uncovered_skin_nothing_is_wanted(lacks):
    visible, uncovered = halves()
    {"visible": visible, "uncovered": uncovered}[lacks].zero_()
    given = image().requires_grad_()
    loss = shade_loss(given, shade_of(given.detach(), visible, uncovered))
    loss.sum().backward()
    assert loss.item() == 0 and given.grad.abs().max() == 0
