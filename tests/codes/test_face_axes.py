"""The axes of faces' F: against noise whose covariance is known, and in an embedding."""

import pytest
import torch
from torch import Tensor

from stages.codes import face_axes
from stages.codes.embedding import Objective, embed_fs, render_code, w_to_code
from stages.codes.face_axes import axes_of_faces


class Drawn:
    """A generator whose F is noise of a given covariance, a product of one of channels and one of places."""

    n_styles = 1
    mean_w = torch.zeros(512)

    def __init__(self, channels: Tensor, places: Tensor) -> None:
        self.channels, self.places = channels, places
        self.gaussian = torch.Generator().manual_seed(1)

    def map(self, z: Tensor) -> Tensor:
        return z

    def features(self, ws: Tensor) -> Tensor:
        white = torch.randn(len(ws), len(self.channels), len(self.places), generator=self.gaussian)
        return (self.channels @ white @ self.places + 3).unflatten(2, (2, -1))


@pytest.fixture
def drawn(monkeypatch) -> Drawn:
    """Four channels and six places, drawn often."""
    monkeypatch.setattr(face_axes, "DRAWS", 20_000)
    turned = [torch.linalg.qr(torch.randn(n, n, generator=torch.Generator().manual_seed(n))).Q for n in (4, 6)]
    spreads = torch.tensor([1.0, 2, 4, 8]), torch.tensor([1.0, 1, 2, 3, 4, 9])
    return Drawn(*(q * s @ q.T for q, s in zip(turned, spreads, strict=True)))


def test_are_the_roots_of_the_covariance(drawn):
    """At the power 1, up to scale, from 20,000 draws: within 3 % of the norm."""
    axes = axes_of_faces(drawn, power=1)
    for ours, true in zip(axes, (drawn.channels, drawn.places), strict=True):
        true = true / true.square().sum(1).mean().sqrt()
        assert (ours - true).norm() < 0.03 * true.norm()


def test_noise_of_variance_1_stays_so(drawn):
    noise = torch.randn(5000, 4, 2, 3, generator=torch.Generator().manual_seed(2))
    for power in (0, 0.5, 1):
        along = axes_of_faces(drawn, power).of(noise)
        assert along.shape == noise.shape
        assert along.square().mean().item() == pytest.approx(1, abs=0.05)
    assert axes_of_faces(drawn, 0).of(noise).allclose(noise, atol=1e-4)


def test_f_moves_along_them(small_generator, small_perceptual):
    """After a step F has moved by what the axes make of a white step, and the loss of more steps is lower."""
    gaussian = torch.Generator().manual_seed(0)
    ws, other = torch.randn(2, 1, small_generator.n_styles, 512, generator=gaussian)
    with torch.no_grad():
        image = render_code(small_generator, w_to_code(small_generator, other))
    objective, axes = Objective(small_generator, small_perceptual, image, "paper"), axes_of_faces(small_generator)
    params = {
        "steps": 1, "rate_f": 0.1, "rate_s": 0.0, "betas": [0.5, 0.8], "orthogonal": True,
        "mse": 30.0, "perceptual": 1.0, "l_f": 0.0, "p_norm": 0.0,
    }  # fmt: skip
    code, first = embed_fs(small_generator, objective, ws, params, axes=axes)
    moved = (code.f - w_to_code(small_generator, ws).f).flatten(2)
    white = axes.channels.inverse() @ moved @ axes.places.inverse()
    assert white.square().mean().sqrt().item() == pytest.approx(params["rate_f"], rel=0.1)
    _, last = embed_fs(small_generator, objective, ws, params | {"steps": 10}, axes=axes)
    assert sum(last.losses.values()) < sum(first.losses.values())
