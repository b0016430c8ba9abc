"""Spoiled images: what each fault does, that some escape, and that the seed decides."""

import pytest
import torch

from stages.codes import spoil


@pytest.fixture
def images():
    """Four smooth images."""
    ramp = torch.linspace(-0.6, 0.6, 64)
    return torch.stack(
        [(ramp[:, None] * a + ramp * b).expand(3, -1, -1) for a, b in ((1, 0), (0, 1), (0.5, 0.5), (0, 0))]
    )


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_seed_decides_and_values_stay_in_range(images):
    for change in (spoil.spoiled, spoil.relit):
        once, again, other = (change(images, seeded(seed)) for seed in (1, 1, 2))
        assert torch.equal(once, again) and not torch.equal(once, other)
        assert once.shape == images.shape and once.min() >= -1 and once.max() <= 1


def test_each_image_is_met_by_itself_and_some_by_nothing(images, monkeypatch):
    found = spoil.spoiled(images.repeat(25, 1, 1, 1), seeded())
    untouched = (found == images.repeat(25, 1, 1, 1)).flatten(1).all(1).float().mean()
    assert untouched == pytest.approx((1 - spoil.OFTEN) ** 3, abs=0.15), "three faults, each in some"
    monkeypatch.setattr(spoil, "OFTEN", 0.0)
    assert torch.equal(spoil.spoiled(images, seeded()), images)


def test_jpeg_is_nearer_the_better_its_quality(images):
    noisy = (images + 0.2 * torch.randn(4, 1, 64, 64, generator=seeded())).clamp(-1, 1)  # grey: colours are halved
    far, near = ((spoil.as_jpeg(noisy[0], quality) - noisy[0]).square().mean() for quality in (20, 95))
    assert near < far / 4


def test_another_light_keeps_what_is_brighter_than_what(images):
    lit = spoil.relit(images[3:].expand(20, -1, -1, -1), seeded())
    assert lit.std(0).min() > 0.05, "each in another light"
    rising = spoil.relit(images[1:2], seeded(3))[0, 0, 32]
    assert (rising.diff() > 0).float().mean() > 0.9
