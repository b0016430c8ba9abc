"""Recolouring: the giver's distribution of colours in the region, and no other pixel touched."""

import pytest
import torch

from stages.codes.appearance import BORDER, RANGE, recoloured
from stages.regions.masks import erode


def colours(mean: list[float], mix: list[list[float]], seed: int, size: int = 128) -> torch.Tensor:
    """An image (1, 3, size, size) of Gaussian colours."""
    noise = torch.randn(3, size * size, generator=torch.Generator().manual_seed(seed))
    return (torch.tensor(mean)[:, None] + torch.tensor(mix) @ noise).view(1, 3, size, size)


def disc(radius: int, size: int = 128) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return ((x - size / 2) ** 2 + (y - size / 2) ** 2 < radius**2).float()[None, None]


BROWN = colours([0.2, 0.0, -0.2], [[0.1, 0.0, 0.0], [0.05, 0.05, 0.0], [0.02, 0.0, 0.06]], 0)
BLOND = colours([0.4, 0.3, 0.1], [[0.05, 0.02, 0.0], [0.0, 0.08, 0.0], [0.0, 0.05, 0.05]], 1)


def moments(image: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = image[0][:, mask[0, 0] > 0]
    return pixels.mean(1), pixels.cov()


def test_mean_and_covariance_become_the_givers_inside_and_nothing_changes_outside():
    own, target = disc(30), disc(50)
    result = recoloured(BROWN, BLOND, own, target)
    (mean, covariance), (wanted_mean, wanted) = moments(result, target), moments(BLOND, erode(own, BORDER))
    torch.testing.assert_close(mean, wanted_mean, atol=0.01, rtol=0)
    # The range cuts 1 % at both ends, which takes some 5 % of a Gaussian's variance.
    assert (covariance - wanted).norm() < 0.15 * wanted.norm()
    assert torch.equal(result[:, :, target[0, 0] == 0], BROWN[:, :, target[0, 0] == 0])


def test_no_colour_leaves_the_givers_range():
    own, everywhere = disc(30), torch.ones(1, 1, 128, 128)
    result = recoloured(10 * BROWN, BLOND, own, everywhere)
    inside = BLOND[0][:, erode(own, BORDER)[0, 0] > 0]
    low, high = (inside.quantile(q, dim=1)[:, None, None] for q in RANGE)
    assert (result[0] >= low - 1e-6).all() and (result[0] <= high + 1e-6).all()


def test_the_border_of_a_region_does_not_count():
    own = disc(40)
    spoiled = torch.where(erode(own, 3) > 0, BLOND, torch.ones_like(BLOND))
    torch.testing.assert_close(recoloured(BROWN, spoiled, own, own), recoloured(BROWN, BLOND, own, own))


@pytest.mark.parametrize("radius", [3, 5])
def test_a_region_that_is_all_border_has_its_colours_still(radius):
    result = recoloured(BROWN, BLOND, disc(radius), disc(30))
    torch.testing.assert_close(moments(result, disc(30))[0], moments(BLOND, disc(radius))[0], atol=0.03, rtol=0)


def test_one_colour_has_no_directions():
    flat = torch.full_like(BROWN, -0.5)
    result = recoloured(flat, BLOND, disc(30), disc(30))
    torch.testing.assert_close(moments(result, disc(30))[0], moments(BLOND, erode(disc(30), BORDER))[0])
    torch.testing.assert_close(recoloured(BROWN, flat, disc(30), disc(30))[..., 60:68, 60:68], flat[..., 60:68, 60:68])


def test_items_of_a_batch_do_not_meet():
    image, giver = torch.cat([BROWN, BLOND]), torch.cat([BLOND, BROWN])
    masks = torch.cat([disc(30), disc(50)])
    both = recoloured(image, giver, masks, masks)
    alone = [recoloured(image[i : i + 1], giver[i : i + 1], *[masks[i : i + 1]] * 2) for i in range(2)]
    torch.testing.assert_close(both, torch.cat(alone))
