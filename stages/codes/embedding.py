"""Embedding of a photo: II2S into W+, then the FS code around it (paper, section 3.2)."""

from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.face_axes import Axes
from stages.codes.optimise import OnStep, Outcome, Variable, optimise
from stages.codes.preview import PREVIEW_SIZE, Preview
from stages.codes.reduction import area, bicubic
from stages.nets.interfaces import Generator, Perceptual
from stages.nets.pca import LEAKY_SLOPE
from stages.params.embed_section import FSParams, WPlusParams

LOSS_SIZE = 256  # px; the official code's LPIPS is at 256 too


class Space(NamedTuple):
    """How an image is embedded into W: one w for each row (W+) or one for all, held by the P-norm or free."""

    rows: bool
    held: bool


# Kinds of embedding into F and S, and whether F moves along the axes of faces (`face_axes`) or along its own (paper).
FREED = {"fs": False, "fs_faces": True}

# Kinds of embedding into W, by the name that `code` of a method gives them.
SPACES = {
    "w": Space(rows=True, held=True),  # II2S (Zhu et al. 2020)
    "i2s": Space(rows=True, held=False),  # Image2StyleGAN (Abdal et al. 2019)
    "w_single": Space(rows=False, held=True),
}


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


def render_stored(generator: Generator, code: Mapping[str, Tensor]) -> Tensor:
    """Render what a file of codes holds, tensors (B, …) by name, at full size: F and S, or else W (W+)."""
    if "F" in code:
        return render_code(generator, FSCode(code["F"], code["S"]))
    return generator.synthesis(code["W"])


class Objective:
    """The distance of a render from images (B, 3, H, W) in [-1, 1], whose features are computed once.

    The paper does not say at what size it compares: `paper` does it at 256 px, reached by area averaging. `official`
    takes the squared error at full size, reduces bicubically for the perceptual distance, and keeps its rates constant.
    """

    def __init__(self, generator: Generator, perceptual: Perceptual, images: Tensor, variant: str) -> None:
        official = variant == "official"
        self.schedule = "constant" if official else "cosine"
        self.reduce = bicubic if official else area
        self.size = min(LOSS_SIZE, generator.size)
        self.render_size = generator.size if official else self.size
        self.perceptual = perceptual
        self.goal = area(images, self.render_size)
        self.features = perceptual.features(self.reduce(images, self.size))

    def reduced(self, size: int) -> "Objective":
        """The same at a smaller size, in both terms."""
        other = copy(self)
        other.size = other.render_size = min(size, self.size)
        other.goal = area(self.goal, other.size)
        other.features = self.perceptual.features(other.goal)
        return other

    def terms(self, image: Tensor, params: WPlusParams | FSParams) -> dict[str, Tensor]:
        """The weighted terms (B,) of a render at `render_size`."""
        features = self.perceptual.features(self.reduce(image, self.size))
        return {
            "mse": params["mse"] * (image - self.goal).square().mean((1, 2, 3)),
            "perceptual": params["perceptual"] * self.perceptual.distance(features, self.features),
        }


def embed_w(
    generator: Generator,
    objective: Objective,
    params: WPlusParams,
    on_step: OnStep | None = None,
    space: Space = SPACES["w"],
) -> tuple[Tensor, Outcome]:
    """Embed the objective's images into W, as W+ (B, n, 512), starting at the mean w.

    The first steps may be on previews of 128 px: they are a third of the cost, and only the way down matters there.
    """
    w = generator.mean_w.repeat(len(objective.goal), generator.n_styles if space.rows else 1, 1).requires_grad_()

    def losses(of: Objective, render: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        terms = of.terms(render(w.expand(-1, generator.n_styles, -1)), params)
        return terms | ({"p-norm": params["p_norm"] * p_norm(w, generator)} if space.held else {})

    def exact(ws: Tensor) -> Tensor:
        return generator.synthesis(ws, objective.render_size)

    phases: list[tuple[Objective, Callable[[Tensor], Tensor], int]] = [(objective, exact, params["steps"])]
    if params["preview_steps"]:
        small = objective.reduced(PREVIEW_SIZE)
        phases.insert(0, (small, Preview(generator, small.size, params["preview_every"]), params["preview_steps"]))
    outcomes = [
        optimise(
            [Variable(w, params["rate"])],
            partial(losses, of, render),
            steps,
            on_step,
            schedule=of.schedule,
            betas=params["betas"],
            orthogonal=params["orthogonal"],
        )
        for of, render, steps in phases
    ]
    failures = [next(filter(None, of_item), None) for of_item in zip(*(o.failures for o in outcomes), strict=True)]
    return w.detach().expand(-1, generator.n_styles, -1).contiguous(), Outcome(outcomes[-1].losses, failures)


def embed_fs(
    generator: Generator,
    objective: Objective,
    ws: Tensor,
    params: FSParams,
    on_step: OnStep | None = None,
    start: FSCode | None = None,
    axes: Axes | None = None,
) -> tuple[FSCode, Outcome]:
    """Free F and S where they begin; L_F keeps F near that (paper, eq. 4).

    They begin at `start`, or without one at what W+ (B, n, 512) describes, F = G_m(w). The P-norm reads the leading
    rows of W+, which do not move. With `axes` F moves along these.
    """
    with torch.no_grad():
        begin = w_to_code(generator, ws) if start is None else start
    moved, s = (begin.f.clone() if axes is None else torch.zeros_like(begin.f)), begin.s.clone()
    leading = ws[:, : generator.n_structure]

    def structure() -> Tensor:
        return moved if axes is None else begin.f + axes.of(moved)

    def losses() -> dict[str, Tensor]:
        f = structure()
        terms = objective.terms(render_code(generator, FSCode(f, s), objective.render_size), params)
        terms["l_f"] = params["l_f"] * (f - begin.f).square().mean((1, 2, 3))
        if params["p_norm"]:
            terms["p-norm"] = params["p_norm"] * p_norm(torch.cat([leading, s], 1), generator)
        return terms

    variables = [Variable(moved.requires_grad_(), params["rate_f"]), Variable(s.requires_grad_(), params["rate_s"])]
    outcome = optimise(
        variables,
        losses,
        params["steps"],
        on_step,
        schedule=objective.schedule,
        betas=params["betas"],
        orthogonal=params["orthogonal"],
    )
    return FSCode(structure().detach(), s.detach()), outcome
