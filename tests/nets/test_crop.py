"""Native crops: the part of an image that is rendered alone is that of the whole render; so are its gradients."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from stages.nets.windows import Window, needed

EXACT = 1e-10  # relative, in float64: what is left is rounding
WINDOWS = {
    "corner": Window(0, 0, 8, 8),
    "opposite corner": Window(25, 26, 32, 32),
    "left border, odd": Window(11, 0, 18, 3),
    "inside": Window(13, 9, 14, 12),
    "whole": Window(0, 0, 32, 32),
}


class Whole(NamedTuple):
    """F and W+ of two items, and the image that they are rendered to."""

    f: Tensor
    ws: Tensor
    image: Tensor


@pytest.fixture(scope="module")
def whole(generator) -> Whole:
    gaussian = torch.Generator().manual_seed(0)
    ws = torch.randn(2, generator.n_styles, 512, generator=gaussian, dtype=torch.float64)
    with torch.no_grad():
        f = generator.features(ws)
    f, ws = f.requires_grad_(), ws.requires_grad_()
    return Whole(f, ws, generator.render(f, ws))


def relative(a: Tensor, b: Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_is_the_part_of_the_whole_render(generator, whole, window):
    part = window.times(generator.size // 32).of(whole.image)
    crop = generator.crop(whole.f, whole.ws, window)
    assert crop.shape == part.shape
    assert relative(crop, part) < EXACT
    leaves = whole.f, whole.ws
    ours, expected = (torch.autograd.grad(x.square().mean(), leaves, retain_graph=True) for x in (crop, part))
    for a, b in zip(ours, expected, strict=True):
        assert relative(a, b) < EXACT


def test_noise_is_cut_to_the_place(generator, whole):
    """Every item's own maps; the gradient of a map lies where the part is."""
    window = WINDOWS["inside"]
    noise = [torch.cat([n, n.flip(2)]).requires_grad_() for n in generator.draw_noise(1)]
    crop = generator.crop(whole.f, whole.ws, window, noise)
    part = window.times(generator.size // 32).of(generator.render(whole.f, whole.ws, noise=noise))
    assert relative(crop, part) < EXACT
    assert relative(crop, generator.crop(whole.f, whole.ws, window)) > 0.001
    ours, expected = (torch.autograd.grad(x.square().mean(), noise[-1])[0] for x in (crop, part))
    assert relative(ours, expected) < EXACT


@torch.no_grad()
def test_reads_no_more_of_f_than_it_needs(generator, whole):
    """Beyond three cells around the window F may be anything."""
    window = WINDOWS["inside"]
    near = window.grown(3, 32)
    spoiled = torch.full_like(whole.f, torch.nan)
    near.of(spoiled).copy_(near.of(whole.f))
    assert torch.equal(generator.crop(spoiled, whole.ws, window), generator.crop(whole.f, whole.ws, window))


@pytest.mark.parametrize("window", [(0, 0, 0, 4), (-1, 0, 4, 4), (0, 30, 4, 33)])
def test_a_window_beyond_f_is_refused(generator, whole, window):
    with pytest.raises(ValueError, match="no part of 32×32 cells"):
        generator.crop(whole.f, whole.ws, Window(*window))


def test_what_layers_are_given():
    """Worked by hand: the lower half of the first column, through layers of 64 and 128 px that look 2 px beyond."""
    assert needed(Window(16, 0, 32, 1), 32, 2, 2) == [(14, 0, 32, 3), (31, 0, 64, 3), (64, 0, 128, 4)]
