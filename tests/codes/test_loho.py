"""LOHO: its gradients and losses against independent computations, and a few steps with small networks."""

import math

import pytest
import torch
from torch.nn import functional

from stages.codes.loho_fit import (
    Shown,
    loho,
    look_of,
    masked_average,
    noise_loss,
    spread_of_w,
    with_gradient,
    without_part_along,
)
from stages.codes.official_steps import masked_distance
from stages.codes.optimise import learning_rate_factor
from stages.regions.labels import CELEBAMASK_19

PARAMS = {
    "steps": 6, "style_steps": 4, "rate": 0.05, "noise_rate": 0.01, "face": 1.0, "hair": 1.0, "style": 1.0,
    "appearance": 1.0, "noise": 1.0, "jitter": 0.0, "smooth": 2, "seed": 0,
}  # fmt: skip
HAIR = CELEBAMASK_19["hair"]


class Parser:
    """Says hair in the upper half, whatever it sees."""

    scheme = CELEBAMASK_19

    def logits(self, image):
        labels = torch.zeros(len(image), 64, 64, dtype=torch.long)
        labels[:, :32] = HAIR
        return functional.one_hot(labels, len(CELEBAMASK_19)).permute(0, 3, 1, 2).float()


def randn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_without_part_along_rows_are_projections():
    """To 1e-6 of each row's length: at right angles to `against`, and what was taken away is parallel to it."""
    gradient, against = randn(2, 5, 512), randn(2, 5, 512, seed=1)
    against[1, 3] = 0
    result = without_part_along(gradient, against)
    for item in range(2):
        for row in range(5):
            g, u, r = gradient[item, row].double(), against[item, row].double(), result[item, row].double()
            if not u.any():
                assert torch.equal(r, g)
                continue
            # The projection by least squares: the multiple of u that is nearest to g.
            factor = torch.linalg.lstsq(u[:, None], g[:, None]).solution.item()
            torch.testing.assert_close(r, g - factor * u, rtol=0, atol=1e-6)
            assert abs(r @ u) < 1e-6 * r.norm() * u.norm()


def test_masked_average_is_that_of_the_chosen_pixels():
    features, mask = randn(1, 4, 6, 6), torch.zeros(1, 1, 12, 12)
    mask[:, :, 2:6, 4:12] = 1
    chosen = [features[0, :, y, x] for y in (1, 2) for x in (2, 3, 4, 5)]
    torch.testing.assert_close(masked_average(features, mask)[0], torch.stack(chosen).mean(0))
    assert not masked_average(features, torch.zeros_like(mask)).any()


def test_structure_counts_the_last_blocks_alone(small_perceptual):
    """Block by block and pixel by pixel, relative 1e-5; an empty mask gives 0."""
    net, mask = small_perceptual, torch.zeros(1, 1, 32, 32)
    mask[:, :, 8:24, :20] = 1
    a, b = (net.features(randn(1, 3, 32, 32, seed=seed)) for seed in (1, 2))
    expected = 0.0
    for i in (3, 4):
        x, y = (f[i][0] / (f[i][0].square().sum(0).sqrt() + 1e-10) for f in (a, b))
        spatial = (net.head(i)[:, None, None] * (x - y).square()).sum(0)
        step = 32 // spatial.shape[-1]
        inside = [spatial[r, c] for r in range(32 // step) for c in range(32 // step) if mask[0, 0, r * step, c * step]]
        expected += torch.stack(inside).mean().item()
    assert masked_distance(net, a, b, mask, 3).item() == pytest.approx(expected, rel=1e-5)
    assert masked_distance(net, a, b, torch.zeros_like(mask), 3).item() == 0


def test_noise_loss_is_a_plain_loop():
    """Relative 1e-5, item by item, down to 8 px and no further."""
    maps = [randn(2, 1, size, size, seed=size) for size in (4, 8, 16, 32)]
    for item in range(2):
        expected = 0.0
        for noise in maps:
            plane = noise[item, 0].double()
            while True:
                size = len(plane)
                right = sum(plane[r, c] * plane[r, c - 1] for r in range(size) for c in range(size)) / size**2
                down = sum(plane[r, c] * plane[r - 1, c] for r in range(size) for c in range(size)) / size**2
                expected += right**2 + down**2
                if size <= 8:
                    break
                plane = plane.view(size // 2, 2, size // 2, 2).sum((1, 3)) / 2
        assert noise_loss(maps)[item].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_value_carries_the_gradient_it_is_given():
    x, y = randn(2, 3).requires_grad_(), randn(2, 1, 4, 4, seed=1).requires_grad_()
    gradients = randn(2, 3, seed=2), randn(2, 1, 4, 4, seed=3)
    values = torch.tensor([3.0, 5.0])
    carried = with_gradient(values, (x, gradients[0]), (y, gradients[1]))
    assert torch.equal(carried, values)
    carried.sum().backward()
    assert torch.equal(x.grad, gradients[0])
    assert torch.equal(y.grad, gradients[1])


def test_look_counts_what_the_mask_selects(small_perceptual):
    mask = torch.zeros(1, 1, 64, 64)
    mask[:, :, :32] = 1
    image = randn(1, 3, 64, 64).clamp(-1, 1)
    other = image.clone()
    other[:, :, 36:] *= -1  # farther than the first filter reaches
    a, b = (look_of(small_perceptual, picture, mask) for picture in (image, other))
    torch.testing.assert_close(a.mean, b.mean)
    for x, y in zip(a.grams, b.grams, strict=True):
        torch.testing.assert_close(x, y)


def test_late_schedule_falls_in_the_last_quarter():
    factors = [learning_rate_factor(step, 200, "late") for step in range(200)]
    assert factors[:10] == [pytest.approx((step + 1) / 10) for step in range(10)]
    assert factors[10:151] == [1.0] * 141
    assert factors[175] == pytest.approx(0.5)
    assert factors[150:] == sorted(factors[150:], reverse=True)
    assert 0 < factors[-1] < 0.01


def test_spread_of_w_is_that_of_its_covariance(small_generator):
    """Root of the trace about the mean w, from other draws; relative 2 %."""
    w = small_generator.map(randn(20_000, 512, seed=5)) - small_generator.mean_w
    assert spread_of_w(small_generator, 0) == pytest.approx(math.sqrt((w.T @ w).trace() / len(w)), rel=0.02)


@pytest.fixture
def scene(small_generator):
    ws = 0.5 * randn(2, small_generator.n_styles, 512, seed=3)
    with torch.no_grad():
        images = functional.interpolate(small_generator.synthesis(ws), 256)
    face, hair = torch.zeros(1, 1, 256, 256), torch.zeros(1, 1, 256, 256)
    face[:, :, 100:200, 60:200], hair[:, :, 10:90, 40:220] = 1, 1
    return Shown(images[:1], face), Shown(images[1:], hair)


def run(small_generator, small_perceptual, face, hair, **changes):
    return loho(small_generator, Parser(), small_perceptual, face, hair, hair, PARAMS | changes)


def test_steps_come_closer_in_both_stages(small_generator, small_perceptual, scene):
    first, _, start = run(small_generator, small_perceptual, *scene, steps=1, style_steps=0)
    _, _, fitted = run(small_generator, small_perceptual, *scene, steps=25, style_steps=0)
    for term in ("face", "hair"):
        assert fitted.losses[term] < start.losses[term]
    _, _, before = run(small_generator, small_perceptual, *scene, steps=10, style_steps=1)
    ws, noise, after = run(small_generator, small_perceptual, *scene, steps=10, style_steps=25)
    for term in ("appearance", "style"):
        assert after.losses[term] < before.losses[term]
    assert after.failures == [None]
    for map in noise:
        assert abs(map.mean()) < 1e-5
        assert map.square().mean().item() == pytest.approx(1, abs=1e-4)
    assert ws.shape == first.shape == (1, small_generator.n_styles, 512)


def test_it_repeats_exactly_and_a_batch_is_its_items(small_generator, small_perceptual, scene):
    """The same bits twice; in a batch of two other images the same W+ to 1e-3."""
    changes = {"steps": 3, "style_steps": 2, "jitter": 0.05}
    (ws, noise, _), (again, noise_again, _) = (
        run(small_generator, small_perceptual, *scene, **changes) for _ in range(2)
    )
    assert torch.equal(ws, again)
    assert all(torch.equal(a, b) for a, b in zip(noise, noise_again, strict=True))
    face, hair = (Shown(torch.cat([s.image, s.image.flip(3)]), s.mask.repeat(2, 1, 1, 1)) for s in scene)
    together, _, _ = run(small_generator, small_perceptual, face, hair, **changes)
    assert ((together[:1] - ws).norm() / ws.norm()).item() < 1e-3


def test_hair_that_no_map_shows_is_no_failure(small_generator, small_perceptual, scene):
    face, hair = scene
    hair = Shown(hair.image, torch.zeros_like(hair.mask))
    _, _, outcome = run(small_generator, small_perceptual, face, hair, steps=2, style_steps=2)
    assert outcome.failures == [None]
    assert outcome.losses["hair"] == 0
