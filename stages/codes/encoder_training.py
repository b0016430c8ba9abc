"""How the project's own encoder is trained: on drawn faces, whose F is known, spoiled as photos are.

First F is compared with the truth, on a store of draws that is renewed little by little, since to draw a face and to
take its features costs more than a step. Then the code is also rendered, and compared with the image as an embedding
does. Faces in another light than the generator's have no truth: only what their code renders to counts.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from stages.codes.embedding import render_code
from stages.codes.encoding import with_mean_s
from stages.codes.optimise import OnStep
from stages.codes.reduction import area
from stages.codes.spoil import relit, spoiled
from stages.codes.training import TRUNCATION, descend
from stages.nets.encoder_net import IMAGE_SIZE, SLOPE, FaceEncoder, prepared
from stages.nets.interfaces import Generator, Perceptual
from stages.params.encoder_section import EncoderParams

MIXED = 0.4  # share of the draws with the styles of two
STORED = torch.bfloat16  # what is stored of a draw
RELIT = 4  # every so many batches of draws one is in another light
SET_UP = 4  # draws at once when the store is filled
LEAST = 1e-3  # of a feature's root mean square: some channels are never active
RIDGE = 1e-3  # share of the features' mean square


class Draws(NamedTuple):
    """Some drawn faces.

    `features`: as `encoder_net.prepared` gives them. `image`: (B, 3, 256, 256). `f`: before its leaky ReLU. `true`:
    (B,) 1 where F is that of the image, 0 where its light is another.
    """

    features: list[Tensor]
    image: Tensor
    f: Tensor
    true: Tensor


class Teacher:
    """Draws faces: W+ by the generator itself, all else by a copy in the precision of losses."""

    def __init__(self, exact: Generator, generator: Generator, perceptual: Perceptual, seed: int) -> None:
        self.exact, self.generator, self.perceptual = exact, generator, perceptual
        self.size = min(IMAGE_SIZE, exact.size)  # of renders
        self.gaussian = torch.Generator().manual_seed(seed)
        self.drawn = 0

    def codes(self, count: int) -> Tensor:
        """W+ (count, n, 512) of faces, at a truncation each; some have styles of one and, behind them, of another."""
        n, gaussian = self.exact.n_styles, self.gaussian
        w, other = self.exact.map(torch.randn(2 * count, 512, generator=gaussian)).view(2, count, 1, 512)
        low, high = TRUNCATION
        share = low + (high - low) * torch.rand(count, 1, 1, generator=gaussian)
        cut = torch.randint(1, n, (count, 1, 1), generator=gaussian)
        cut[torch.rand(count, generator=gaussian) >= MIXED] = n
        ws = torch.where(torch.arange(n)[None, :, None] < cut, w, other)
        mean: Tensor = self.exact.mean_w
        return mean + share * (ws - mean)

    @torch.no_grad()
    def draw(self, count: int, in_own_light: bool = True) -> Draws:
        """Some faces, spoiled; `in_own_light`: in the light that their code renders to."""
        ws = self.codes(count)
        f = self.generator.features(ws)
        image = area(self.generator.render(f, ws, self.size), IMAGE_SIZE).clamp(-1, 1)
        image = spoiled(image if in_own_light else relit(image, self.gaussian), self.gaussian)
        before = torch.where(f > 0, f, f / SLOPE)
        self.drawn += count
        features = prepared(self.perceptual.features(image))
        return Draws(features, image, before, torch.full((count,), float(in_own_light)))


class Store:
    """Draws that are used several times, and replaced one by one; with `relit` some in another light."""

    def __init__(self, teacher: Teacher, size: int, each: int, on_draw: OnStep | None = None) -> None:
        self.teacher, self.each, self.relit = teacher, each, False
        self.items: list[Draws] = []
        while len(self.items) < size:
            self.items += self._more()
            if on_draw is not None:
                on_draw(min(len(self.items), size), size, torch.zeros(1))

    def _more(self) -> list[Draws]:
        in_own_light = not self.relit or self.teacher.drawn // self.each % RELIT != RELIT - 1
        drawn = self.teacher.draw(self.each, in_own_light)
        features = [x.to(STORED, memory_format=torch.channels_last) for x in drawn.features]
        rest = (drawn.image.to(STORED), drawn.f.to(STORED), drawn.true)
        return [Draws([x[i : i + 1] for x in features], *(x[i : i + 1] for x in rest)) for i in range(self.each)]

    def renew(self) -> None:
        """Put new draws in the places of some, chosen by chance."""
        places = torch.randperm(len(self.items), generator=self.teacher.gaussian)[: self.each]
        for place, drawn in zip(places.tolist(), self._more(), strict=True):
            self.items[place] = drawn

    def some(self, count: int) -> Draws:
        """Draws chosen by chance, in full precision."""
        places = torch.randperm(len(self.items), generator=self.teacher.gaussian)[:count].tolist()
        chosen = [self.items[place] for place in places]
        features = [torch.cat(x).float() for x in zip(*(draws.features for draws in chosen), strict=True)]
        image, f, true = (torch.cat([draws[k] for draws in chosen]).float() for k in range(1, 4))
        return Draws(features, image, f, true)


def felt_metric(teacher: Teacher, renders: int) -> Tensor:
    """What a render feels of F: the mean of JᵀJ over channels (C, C), of trace 1, and its square root is given.

    J is the derivative of the render by F. It is met with noise of two sizes, single pixels and places of F.
    """
    total, size = torch.zeros(()), teacher.size
    for _ in range(renders):
        ws = teacher.codes(1)
        f = teacher.generator.features(ws).detach().requires_grad_()
        image = teacher.generator.render(f, ws, size)
        for scale in (1, size // f.shape[-1]):
            noise = torch.randn(1, 3, size // scale, size // scale, generator=teacher.gaussian)
            noise = functional.interpolate(noise, size=size, mode="bilinear") if scale > 1 else noise
            (felt,) = torch.autograd.grad(image, f, noise, retain_graph=True)
            gram = felt[0].flatten(1) @ felt[0].flatten(1).T
            total = total + gram / gram.trace()
    values, vectors = torch.linalg.eigh(total / total.trace())
    root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root


class Terms:
    """The loss of an encoder. Distances from the truth are shares of what the mean code is away from it."""

    def __init__(self, teacher: Teacher, store: Store, encoder: FaceEncoder, params: EncoderParams) -> None:
        self.teacher, self.params = teacher, params
        self.root = felt_metric(teacher, params["felt"])
        self.mean = functional.leaky_relu(encoder.mean_f, SLOPE)
        off = torch.cat([functional.leaky_relu(draws.f.float(), SLOPE) - self.mean for draws in store.items[::4]])
        self.plain_scale, self.felt_scale = self._squares(off)[0].mean(), self._squares(off)[1].mean()

    def _squares(self, error: Tensor) -> tuple[Tensor, Tensor]:
        return error.square().mean((1, 2, 3)), (self.root @ error.flatten(2)).square().mean((1, 2))

    def of_truth(self, f: Tensor, draws: Draws) -> Tensor:
        """(B,) from F; 0 where the light is another."""
        plain, felt = self._squares(f - functional.leaky_relu(draws.f, SLOPE))
        return draws.true * (plain / self.plain_scale + felt / self.felt_scale) / 2

    def of_render(self, f: Tensor, draws: Draws) -> Tensor:
        """(B,) from what the code renders to, weighed as an embedding does."""
        teacher, params = self.teacher, self.params
        image = area(render_code(teacher.generator, with_mean_s(f, teacher.exact), teacher.size), IMAGE_SIZE)
        with torch.no_grad():
            goal = teacher.perceptual.features(draws.image)
        error = params["mse"] * (image - draws.image).square().mean((1, 2, 3))
        return error + teacher.perceptual.distance(teacher.perceptual.features(image), goal)


@torch.no_grad()
def untrained(teacher: Teacher, store: Store, params: EncoderParams) -> FaceEncoder:
    """An encoder that knows no more than the mean F, and how large all numbers are."""
    torch.manual_seed(params["seed"])
    first = store.items[0]
    channels = [x.shape[1] for x in first.features]
    encoder = FaceEncoder(first.f.shape[1], params["width"], params["depth"], params["rank"], channels)
    f = torch.cat([draws.f.float() for draws in store.items])
    encoder.mean_f.copy_(f.mean(0))
    encoder.scale_f.copy_((f - encoder.mean_f).square().mean((0, 2, 3)).sqrt())
    squares = [
        torch.stack([draws.features[k].float().square().mean((0, 2, 3)) for draws in store.items]).mean(0)
        for k in range(len(channels))
    ]
    encoder.scale_x.copy_(torch.cat(squares).sqrt().clamp_min(LEAST).reciprocal())
    return encoder.to(memory_format=torch.channels_last)


@torch.no_grad()
def fit_linear(encoder: FaceEncoder, store: Store) -> None:
    """Set an encoder's linear map to the best of its rank for the draws, and leave only it to F.

    Ridge regression at all places alike, of what is read on F before its leaky ReLU, then the leading directions of
    what it says (reduced-rank regression). So the steps begin at what no step of theirs has to find.
    """
    sums: list[Tensor] = []
    for draws in store.items:
        x = encoder.folded([each.float() for each in draws.features], draws.image.float())[0].flatten(1)
        x = functional.pad(x, (0, 0, 0, 1), value=1.0)  # and a constant
        y = ((draws.f.float()[0] - encoder.mean_f) / encoder.scale_f[:, None, None]).flatten(1)
        both = (x @ x.T, x @ y.T)
        sums = list(both) if not sums else [total.add_(more) for total, more in zip(sums, both, strict=True)]
    squares, products = sums
    squares += RIDGE * squares.diagonal().mean() * torch.eye(len(squares))
    factor, _ = torch.linalg.cholesky_ex(squares)
    slopes = torch.cholesky_solve(products, factor)
    _, directions = torch.linalg.eigh(slopes.T @ squares @ slopes)
    leading = directions[:, -encoder.rank :]  # (C, R), the last the strongest
    onto = slopes @ leading
    encoder.linear.weight.copy_(onto[:-1].T[:, :, None, None])
    torch.nn.init.zeros_(encoder.to_f.weight)
    encoder.linear.bias = torch.nn.Parameter(onto[-1].clone())
    encoder.to_f.weight[:, encoder.width :, 0, 0] = leading
    encoder.to_f.bias = torch.nn.Parameter(torch.zeros(len(leading)))


def train(
    teacher: Teacher,
    params: EncoderParams,
    dtype: torch.dtype,
    on_step: OnStep | None = None,
    on_draw: OnStep | None = None,
) -> FaceEncoder:
    """Train an encoder; the same seed on one machine gives the same weights.

    Args:
        teacher: draws what it learns from.
        params: section `encoder`.
        dtype: what convolutions multiply in.
        on_step: called after each step with its number from 1, the number of steps, and the losses of its draws (B,).
        on_draw: called before, as faces are drawn, with how many there are, of how many, and 0 in place of losses.
    """
    store = Store(teacher, params["store"], max(params["fresh"], SET_UP), on_draw)
    encoder = untrained(teacher, store, params)
    fit_linear(encoder, store)
    terms = Terms(teacher, store, encoder, params)
    store.each = params["fresh"]
    steps = params["steps"] + params["render_steps"]

    def losses(step: int) -> Tensor:
        renders = store.relit = step >= params["steps"]
        store.renew()
        draws = store.some(params["batch"] // 2 if renders else params["batch"])
        with torch.autocast(draws.image.device.type, dtype, enabled=dtype != torch.float32):
            f = encoder(draws.features, draws.image).float()
        of_truth = terms.of_truth(f, draws)
        return params["truth"] * of_truth + terms.of_render(f, draws) if renders else of_truth

    descend(encoder, losses, steps, params["rate"], on_step)
    return encoder
