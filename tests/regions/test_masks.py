"""Masks: range, frame, duality, and agreement with the official morphology away from the frame."""

import numpy as np
import pytest
import torch
from golden import GOLDEN
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from stages.regions.masks import dilate, erode, region_mask, to_grid

binary = hnp.arrays(
    np.float32,
    st.tuples(st.just(2), st.just(1), st.integers(1, 12), st.integers(1, 12)),
    elements=st.sampled_from([0.0, 1.0]),
).map(torch.from_numpy)
radius = st.integers(0, 5)


def dot(size: int = 9) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., size // 2, size // 2] = 1
    return mask


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64])
def test_region_mask_marks_the_labels(dtype):
    labels = torch.tensor([[[0, 17], [18, 1]], [[17, 17], [1, 1]]], dtype=dtype)
    mask = region_mask(labels, frozenset({17, 18}))
    assert mask.dtype == torch.float32
    assert mask.tolist() == [[[[0, 1], [1, 0]]], [[[1, 1], [0, 0]]]]


def test_region_mask_of_no_or_unheard_of_labels_is_empty():
    labels = torch.tensor([[[0, 44]]], dtype=torch.uint8)
    assert region_mask(labels, ()).tolist() == [[[[0, 0]]]]
    assert region_mask(labels, (300,)).tolist() == [[[[0, 0]]]]  # 300 is 44 modulo 256


def test_to_grid_is_the_mean_of_each_cell():
    mask = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    cells = mask.reshape(2, 1, 8, 8, 8, 8).mean((3, 5))
    torch.testing.assert_close(to_grid(mask, 8), cells)
    assert to_grid(torch.ones(1, 1, 512, 512)).shape == (1, 1, 32, 32)


@settings(max_examples=40, deadline=None)
@given(binary, st.integers(1, 16))
def test_to_grid_stays_within_the_unit_interval(mask, size):
    grid = to_grid(mask, size)
    assert grid.min() >= 0 and grid.max() <= 1
    torch.testing.assert_close(to_grid(torch.ones_like(mask), size), torch.ones_like(grid), rtol=0, atol=0)


def test_the_ball_is_a_diamond():
    offset = torch.arange(9) - 4
    diamond = (offset[:, None].abs() + offset.abs() <= 3).float()
    assert torch.equal(dilate(dot(), 3)[0, 0], diamond)
    assert torch.equal(erode(diamond[None, None], 3), dot())


def test_nothing_happens_at_the_frame():
    """Erosion does not eat there; a region that leaves the image is not shortened."""
    full = torch.ones(1, 1, 6, 6)
    assert torch.equal(erode(full, 4), full)
    half = torch.zeros(1, 1, 6, 6)
    half[..., :3] = 1
    assert erode(half, 1)[0, 0].tolist() == [[1, 1, 0, 0, 0, 0]] * 6


@settings(max_examples=30, deadline=None)
@given(binary, radius)
def test_erosion_and_dilation_are_dual(mask, pixels):
    assert torch.equal(erode(mask, pixels), 1 - dilate(1 - mask, pixels))
    assert torch.equal(dilate(mask, pixels), 1 - erode(1 - mask, pixels))
    assert (erode(mask, pixels) <= mask).all() and (mask <= dilate(mask, pixels)).all()
    # Adjunction: closing covers the mask, opening is covered by it.
    assert (erode(dilate(mask, pixels), pixels) >= mask).all()
    assert (dilate(erode(mask, pixels), pixels) <= mask).all()


@settings(max_examples=30, deadline=None)
@given(binary, radius, radius)
def test_radii_add_up_and_zero_is_the_identity(mask, a, b):
    assert torch.equal(dilate(dilate(mask, a), b), dilate(mask, a + b))
    assert torch.equal(dilate(mask, 0), mask) and torch.equal(erode(mask, 0), mask)


@settings(max_examples=40, deadline=None)
@given(binary, st.integers(1, 5))
def test_agrees_with_scipy(mask, pixels):
    for one, grown, shrunk in zip(mask, dilate(mask, pixels), erode(mask, pixels), strict=True):
        plane = one[0].numpy() > 0
        np.testing.assert_array_equal(grown[0].numpy(), ndimage.binary_dilation(plane, iterations=pixels))
        expected = ndimage.binary_erosion(plane, iterations=pixels, border_value=1)
        np.testing.assert_array_equal(shrunk[0].numpy(), expected)


def test_negative_radii_are_an_error():
    for change in (dilate, erode):
        with pytest.raises(ValueError, match="-1 pixels"):
            change(dot(), -1)


@pytest.mark.parametrize("pixels", [1, 3, 5])
def test_agrees_with_the_official_code_but_at_the_frame(pixels):
    golden = np.load(GOLDEN / "dilate_erode.npz")
    mask = torch.from_numpy(golden["mask"].astype(np.float32))[None, None]
    official = golden[f"erode{pixels}"].squeeze()
    np.testing.assert_array_equal(dilate(mask, pixels)[0, 0].numpy(), golden[f"dilate{pixels}"].squeeze())
    # With an empty border around it, which is what the official code supposes, the erosion agrees everywhere.
    bordered = torch.nn.functional.pad(mask, (pixels,) * 4)
    within = slice(pixels, -pixels)
    np.testing.assert_array_equal(erode(bordered, pixels)[0, 0, within, within].numpy(), official)
    ours = erode(mask, pixels)[0, 0].numpy()
    np.testing.assert_array_equal(ours[within, within], official[within, within])
    assert (ours >= official).all() and (ours > official).any()
