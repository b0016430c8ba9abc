"""Embedding with small networks, and the P-norm against the official code."""

import numpy as np
import pytest
import torch
from golden import GOLDEN

from stages.codes.embedding import (
    SPACES,
    FSCode,
    Objective,
    embed_fs,
    embed_w,
    p_norm,
    render_code,
    unwhiten,
    w_to_code,
    whiten,
)
from stages.codes.optimise import BETAS

W_PARAMS = {
    "preview_steps": 0, "preview_every": 5, "steps": 30, "rate": 0.05, "betas": BETAS, "orthogonal": False, "mse": 1.0,
    "perceptual": 0.01, "p_norm": 0.0,
}  # fmt: skip
FS_PARAMS = {
    "steps": 30, "rate_f": 0.05, "rate_s": 0.02, "betas": BETAS, "orthogonal": False, "mse": 1.0, "perceptual": 0.01,
    "l_f": 0.0, "p_norm": 0.0,
}  # fmt: skip


@pytest.fixture
def images(small_generator) -> torch.Tensor:
    ws = 0.5 * torch.randn(2, small_generator.n_styles, 512, generator=torch.Generator().manual_seed(3))
    # Losses are taken at 256 px, twice the size of the small generator.
    return torch.nn.functional.interpolate(render_code(small_generator, w_to_code(small_generator, ws)), 256)


@pytest.fixture
def generator(small_generator, monkeypatch):
    monkeypatch.setattr("stages.codes.embedding.LOSS_SIZE", 128)
    return small_generator


def error(generator, code: FSCode, images: torch.Tensor) -> torch.Tensor:
    goal = torch.nn.functional.interpolate(images, (128, 128), mode="area")
    return (render_code(generator, code) - goal).square().mean((1, 2, 3))


def test_each_stage_of_the_embedding_comes_closer(generator, small_perceptual, images):
    start = w_to_code(generator, generator.mean_w.repeat(2, generator.n_styles, 1))
    ws, _ = embed_w(generator, Objective(generator, small_perceptual, images, "paper"), W_PARAMS)
    code, _ = embed_fs(generator, Objective(generator, small_perceptual, images, "paper"), ws, FS_PARAMS)
    errors = [error(generator, c, images) for c in (start, w_to_code(generator, ws), code)]
    assert (errors[1] < errors[0]).all()
    assert (errors[2] < errors[1]).all()


def test_steps_on_previews_come_closer_too(generator, small_perceptual, images):
    objective = Objective(generator, small_perceptual, images, "paper")
    ws, outcome = embed_w(generator, objective, W_PARAMS | {"preview_steps": 20, "steps": 0})
    start = generator.mean_w.repeat(2, generator.n_styles, 1)
    errors = [error(generator, w_to_code(generator, w), images) for w in (start, ws)]
    assert (errors[1] < 0.95 * errors[0]).all()
    assert outcome.failures == [None, None]


def test_a_single_w_is_one_for_all_rows(generator, small_perceptual, images):
    objective = Objective(generator, small_perceptual, images[:1], "paper")
    ws, _ = embed_w(generator, objective, W_PARAMS | {"steps": 6}, space=SPACES["w_single"])
    start = generator.mean_w.repeat(1, generator.n_styles, 1)
    assert ws.shape == start.shape
    assert torch.equal(ws, ws[:, :1].expand_as(ws))
    assert error(generator, w_to_code(generator, ws), images[:1]) < error(
        generator, w_to_code(generator, start), images[:1]
    )


def test_i2s_is_w_plus_without_the_p_norm(generator, small_perceptual, images):
    objective = Objective(generator, small_perceptual, images[:1], "paper")
    held = W_PARAMS | {"steps": 4, "p_norm": 1.0}
    ii2s, i2s = (embed_w(generator, objective, held, space=SPACES[kind])[0] for kind in ("w", "i2s"))
    free, _ = embed_w(generator, objective, held | {"p_norm": 0.0}, space=SPACES["w"])
    assert torch.equal(i2s, free)
    assert (p_norm(ii2s, generator) < p_norm(i2s, generator)).all()


def test_a_batch_embeds_as_its_items_alone(generator, small_perceptual, images):
    """Equal up to rounding: 1e-3 of the code after 5 steps."""
    params = W_PARAMS | {"steps": 5}
    together, _ = embed_w(generator, Objective(generator, small_perceptual, images, "paper"), params)
    alone = torch.cat(
        [
            embed_w(generator, Objective(generator, small_perceptual, image[None], "paper"), params)[0]
            for image in images
        ]
    )
    assert ((together - alone).norm() / alone.norm()).item() < 1e-3


def test_a_strong_l_f_keeps_f_where_it_began(generator, small_perceptual, images):
    ws, _ = embed_w(generator, Objective(generator, small_perceptual, images, "paper"), W_PARAMS | {"steps": 3})
    start = generator.features(ws)
    free, _ = embed_fs(generator, Objective(generator, small_perceptual, images, "paper"), ws, FS_PARAMS)
    held, _ = embed_fs(generator, Objective(generator, small_perceptual, images, "paper"), ws, FS_PARAMS | {"l_f": 1e4})
    assert (held.f - start).square().mean() < 0.2 * (free.f - start).square().mean()


def test_unwhiten_is_the_inverse_of_whiten(small_generator):
    ws = torch.randn(2, 10, 512, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(unwhiten(whiten(ws, small_generator), small_generator), ws, rtol=1e-4, atol=1e-4)


def test_embedding_repeats_exactly(generator, small_perceptual, images):
    first, second = (
        embed_w(generator, Objective(generator, small_perceptual, images, "paper"), W_PARAMS | {"steps": 3})[0]
        for _ in range(2)
    )
    assert torch.equal(first, second)


def test_p_norm_equals_the_official_codes(small_generator):
    """The golden value of the official code with its own PCA, relative 1e-5."""
    golden, components = np.load(GOLDEN / "p_norm.npz"), np.load(GOLDEN / "ffhq_PCA.npz")

    class Space:
        pca_mean, pca_components, pca_stdev = (
            torch.from_numpy(components[key]).float() for key in ("X_mean", "X_comp", "X_stdev")
        )

    latent = torch.from_numpy(golden["latent"]).requires_grad_()
    value = p_norm(latent, Space)
    value.sum().backward()
    torch.testing.assert_close(value.item(), float(golden["loss_lambda1"]), rtol=1e-5, atol=0)
    grad = torch.from_numpy(golden["grad"]).reshape(latent.shape)
    assert ((1e-3 * latent.grad - grad).norm() / grad.norm()).item() < 1e-5
