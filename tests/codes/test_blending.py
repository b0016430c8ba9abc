"""Simplex weights, the blend of structures, and blending with small networks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.codes.appearance import LookTask
from stages.codes.blending import blend, blend_structure, project_to_simplex
from stages.codes.embedding import FSCode, render_code, w_to_code
from stages.codes.optimise import BETAS

PARAMS = {"steps": 40, "rate": 0.02, "betas": BETAS, "blocks": 3, "look_mse": 10.0, "look_rate": 0.05}
vectors = st.integers(2, 5).flatmap(lambda k: st.lists(st.floats(-5, 5, width=32), min_size=k, max_size=k))


@given(vectors)
def test_projection_is_on_the_simplex_and_is_the_nearest_point(values):
    u = torch.tensor(values, dtype=torch.float64)[None]
    projected = project_to_simplex(u)
    assert (projected >= 0).all()
    assert projected.sum().item() == pytest.approx(1, abs=1e-9)
    # The nearest point of a convex set: no corner lies on the far side (variational inequality).
    for corner in torch.eye(u.shape[1], dtype=torch.float64):
        assert ((u - projected) * (corner - projected)).sum().item() <= 1e-9


@given(st.floats(-3, 3))
def test_two_references_are_the_official_clamp(value):
    """With K = 2 the projection of (1 - u, u) is clamping u to [0, 1], as the official code does."""
    projected = project_to_simplex(torch.tensor([[1 - value, value]], dtype=torch.float64))
    assert projected[0, 1].item() == pytest.approx(min(1.0, max(0.0, value)), abs=1e-9)


def test_projection_leaves_the_simplex_alone():
    u = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    u = u / u.sum(1, keepdim=True)
    torch.testing.assert_close(project_to_simplex(u), u)


@pytest.fixture
def references(small_generator, monkeypatch) -> FSCode:
    monkeypatch.setattr("stages.codes.blending.LOSS_SIZE", 128)
    ws = 0.5 * torch.randn(3, small_generator.n_styles, 512, generator=torch.Generator().manual_seed(5))
    code = w_to_code(small_generator, ws)
    return FSCode(code.f[None], code.s[None])


def masks_of(count: int) -> torch.Tensor:
    masks = torch.zeros(1, count, 128, 128)
    for k in range(count):
        masks[:, k, :, k * 128 // count : (k + 1) * 128 // count] = 1
    return masks


def test_structure_is_taken_under_the_masks(references):
    alpha = torch.zeros(1, 3, 1, 32, 32)
    alpha[:, 0, :, :10], alpha[:, 1, :, 10:20], alpha[:, 2, :, 20:] = 1, 1, 1
    mixed = blend_structure(references.f, alpha)
    for k, rows in enumerate((slice(0, 10), slice(10, 20), slice(20, 32))):
        assert torch.equal(mixed[:, :, rows], references.f[:, k, :, rows])


@pytest.mark.parametrize("count", [2, 3])
def test_weights_stay_on_the_simplex_and_the_loss_falls(small_generator, small_perceptual, references, count):
    f, s = references.f[:, :count], references.s[:, :count]
    losses = []
    _, u, _ = blend(
        small_generator,
        small_perceptual,
        f,
        s,
        masks_of(count),
        PARAMS,
        on_step=lambda a, b, x: losses.append(x.item()),
    )
    assert (u >= 0).all()
    torch.testing.assert_close(u.sum(1), torch.ones(1, *u.shape[2:]))
    assert losses[-1] < losses[0]


def test_a_reference_blended_with_itself_is_itself(small_generator, small_perceptual, references):
    f, s = references.f[:, [0, 0]], references.s[:, [0, 0]]
    code, _, _ = blend(small_generator, small_perceptual, f, s, masks_of(2), PARAMS)
    torch.testing.assert_close(code.f, f[:, 0])
    torch.testing.assert_close(code.s, s[:, 0], rtol=1e-4, atol=1e-5)


def test_an_empty_second_mask_brings_back_the_first_reference(small_generator, small_perceptual, references):
    """Nothing is taken from the second: its half of S vanishes from the image, to a tenth of the distance."""
    masks = torch.zeros(1, 2, 128, 128)
    masks[:, 0] = 1
    f, s = references.f[:, :2], references.s[:, :2]
    losses = []
    code, _, _ = blend(
        small_generator, small_perceptual, f, s, masks, PARAMS, on_step=lambda a, b, x: losses.append(x.item())
    )
    torch.testing.assert_close(code.f, f[:, 0])
    assert losses[-1] < 0.1 * losses[0]


def half(left: bool) -> torch.Tensor:
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., :64] = left
    mask[..., 64:] = not left
    return mask


def rendered(generator, code: FSCode, k: int) -> torch.Tensor:
    with torch.no_grad():
        return render_code(generator, FSCode(code.f[:, k], code.s[:, k]))


def test_a_look_comes_nearer_and_the_rest_stays(small_generator, small_perceptual, references):
    """The left half gets the look of another image's right half; F changes there only, S not at all."""
    look = LookTask(rendered(small_generator, references, 1), half(False), half(True))
    f, s = references.f[:, :1], references.s[:, :1]
    first = {}
    code, u, outcome = blend(
        small_generator, small_perceptual, f, s, torch.ones(1, 1, 128, 128), PARAMS, looks=[look],
        on_step=lambda step, steps, loss: first.setdefault("loss", loss.item()),
    )  # fmt: skip
    last = {name: loss.item() for name, loss in outcome.losses.items()}
    assert set(last) == {"reference 0", "look 0"}
    # Nothing is lost at the first step: the first loss is the look's alone.
    assert sum(last.values()) < 0.8 * first["loss"]
    assert torch.equal(code.f[..., 16:], f[:, 0, :, :, 16:])
    assert not torch.allclose(code.f[..., :16], f[:, 0, :, :, :16])
    assert torch.equal(u, torch.ones_like(u)) and torch.equal(code.s, s[:, 0])


def test_what_has_the_look_already_is_left_alone(small_generator, small_perceptual, references):
    f, s = references.f[:, :1], references.s[:, :1]
    look = LookTask(rendered(small_generator, references, 0), half(True), half(True))
    *_, outcome = blend(
        small_generator, small_perceptual, f, s, torch.ones(1, 1, 128, 128), PARAMS | {"steps": 3}, looks=[look]
    )
    assert outcome.losses["look 0"].item() < 0.01
