"""Embedding of a photo: II2S into W+, then the FS code around it (paper, section 3.2)."""

from typing import NamedTuple, TypedDict

import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.nets import Generator, Perceptual

LOSS_SIZE = 256  # px; the official code's LPIPS is at 256 too
LEAKY_SLOPE = 5.0  # inverts the last leaky ReLU (slope 0.2) of the mapping network


class WPlusParams(TypedDict):
    """Section `embed.w` of params.yaml."""

    steps: int
    rate: float
    mse: float
    perceptual: float
    p_norm: float


class FSParams(TypedDict):
    """Section `embed.fs` of params.yaml."""

    steps: int
    rate_f: float
    rate_s: float
    mse: float
    perceptual: float
    l_f: float


class FSCode(NamedTuple):
    """F (B, C, 32, 32) and S (B, n - m, 512)."""

    f: Tensor
    s: Tensor


def whiten(ws: Tensor, generator: Generator) -> Tensor:
    """W+ (B, n, 512) in the PCA-whitened space of LeakyReLU₅(w), where W is nearly N(0, 1) (Zhu et al. 2020)."""
    v = functional.leaky_relu(ws, LEAKY_SLOPE) - generator.pca_mean
    return v @ generator.pca_components.T / generator.pca_stdev


def unwhiten(x: Tensor, generator: Generator) -> Tensor:
    """The inverse of `whiten`."""
    v = (x * generator.pca_stdev) @ generator.pca_components + generator.pca_mean
    return functional.leaky_relu(v, 1 / LEAKY_SLOPE)


def p_norm(ws: Tensor, generator: Generator) -> Tensor:
    """II2S regulariser (B,): mean square of W+ (B, n, 512) in the whitened space."""
    return whiten(ws, generator).square().mean((1, 2))


def with_structure(s: Tensor, generator: Generator) -> Tensor:
    """Put S (B, n - m, 512) at its rows of W+; the rows that F replaces are zero and never read."""
    return functional.pad(s, (0, 0, generator.n_structure, 0))


def render_code(generator: Generator, code: FSCode, size: int | None = None) -> Tensor:
    """Render an FS code to (B, 3, size, size)."""
    return generator.render(code.f, with_structure(code.s, generator), size)


def w_to_code(generator: Generator, ws: Tensor) -> FSCode:
    """The FS code that W+ (B, n, 512) describes: F = G_m(w), S the remaining rows."""
    return FSCode(generator.features(ws), ws[:, generator.n_structure :])


def embed_w(
    generator: Generator, perceptual: Perceptual, images: Tensor, params: WPlusParams, on_step: OnStep | None = None
) -> tuple[Tensor, Outcome]:
    """Embed images (B, 3, H, W) in [-1, 1] into W+ (B, n, 512), starting at the mean w (II2S)."""
    goal = functional.interpolate(images, (LOSS_SIZE, LOSS_SIZE), mode="area")
    goal_features = perceptual.features(goal)
    ws = generator.mean_w.repeat(len(images), generator.n_styles, 1).requires_grad_()

    def losses() -> dict[str, Tensor]:
        image = generator.render(generator.features(ws), ws, LOSS_SIZE)
        return {
            "mse": params["mse"] * (image - goal).square().mean((1, 2, 3)),
            "perceptual": params["perceptual"] * perceptual.distance(perceptual.features(image), goal_features),
            "p-norm": params["p_norm"] * p_norm(ws, generator),
        }

    outcome = optimise([Variable(ws, params["rate"])], losses, params["steps"], on_step)
    return ws.detach(), outcome


def embed_fs(
    generator: Generator,
    perceptual: Perceptual,
    images: Tensor,
    ws: Tensor,
    params: FSParams,
    on_step: OnStep | None = None,
) -> tuple[FSCode, Outcome]:
    """Refine W+ (B, n, 512) to an FS code: F = G_m(w) is freed, L_F keeps it near where it began (paper, eq. 4)."""
    goal = functional.interpolate(images, (LOSS_SIZE, LOSS_SIZE), mode="area")
    goal_features = perceptual.features(goal)
    with torch.no_grad():
        start = w_to_code(generator, ws)
    f, s = (t.clone().requires_grad_() for t in start)

    def losses() -> dict[str, Tensor]:
        image = render_code(generator, FSCode(f, s), LOSS_SIZE)
        return {
            "mse": params["mse"] * (image - goal).square().mean((1, 2, 3)),
            "perceptual": params["perceptual"] * perceptual.distance(perceptual.features(image), goal_features),
            "l_f": params["l_f"] * (f - start.f).square().mean((1, 2, 3)),
        }

    outcome = optimise([Variable(f, params["rate_f"]), Variable(s, params["rate_s"])], losses, params["steps"], on_step)
    return FSCode(f.detach(), s.detach()), outcome
