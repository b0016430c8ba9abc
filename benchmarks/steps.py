"""One optimisation step of every stage, ours against a plain loop on the same weights, measured in one run.

    python -m benchmarks.steps
    python -m benchmarks.steps --generator stylegan2

The plain loop is what a reader of the paper would write: float32, every render at full size and averaged down, both
images' features at each step, autograd alone. It needs the embedded networks (`snakemake weights`); StyleGAN2-1024 has
seeded weights here, which cost what trained ones do. Besides the ratio it prints which share of the machine's own peak,
a large matrix product in the same arithmetic, our step reaches.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pandas as pd
import torch
import typer
import yaml
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain_stylegan2 import PlainStyleGAN2
from stages.codes.alignment import Known, align
from stages.codes.blending import blend
from stages.codes.embedding import LOSS_SIZE, FSCode, Objective, embed_fs, embed_w, p_norm, render_code, w_to_code
from stages.codes.reduction import area
from stages.nets.device import choose_device
from stages.nets.interfaces import Generator, Parser, Perceptual
from stages.nets.loading import load_generator, load_parser, load_perceptual
from stages.nets.precision import chosen, lowered
from stages.nets.sliced_network import masked_mean
from stages.nets.stylegan2_net import StyleGAN2
from stages.regions.masks import region_mask

WEIGHTS = Path("data/weights")


def plain_distance(net: Perceptual, a: Tensor, b: Tensor, mask: Tensor | None = None, blocks: int = 5) -> Tensor:
    """LPIPS (B,) of two images by its formula."""

    def unit(x: Tensor) -> Tensor:
        return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)

    total = a.new_zeros(len(a))
    for i, (x, y) in enumerate(zip(net.features(a, blocks), net.features(b, blocks), strict=True)):
        total = total + masked_mean(
            functional.conv2d((unit(x) - unit(y)).square(), net.head(i).view(1, -1, 1, 1)), mask
        )
    return total


def plain_steps(leaves: list[Tensor], loss: Callable[[], Tensor], steps: int) -> None:
    """So many steps of Adam."""
    optimizer = torch.optim.Adam(leaves, lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


class Scene:
    """Two drawn faces, their codes and what the stages need of them."""

    def __init__(self, generator: Generator, parser: Parser) -> None:
        z = torch.randn(2, 512, generator=torch.Generator().manual_seed(0)).to(generator.mean_w.device)
        w = generator.mean_w + 0.7 * (generator.map(z) - generator.mean_w)
        self.ws = [row[None, None].repeat(1, generator.n_styles, 1) for row in w]
        self.codes = [w_to_code(generator, ws) for ws in self.ws]
        self.images = [render_code(generator, code) for code in self.codes]
        self.labels = [parser.logits(image).argmax(1) for image in self.images]
        hair = region_mask(self.labels[1], parser.scheme.indices("hair"))
        self.masks = torch.cat([1 - hair, hair], 1)
        self.known = Known(area(self.images[0], LOSS_SIZE), (self.labels[0] == self.labels[1])[:, None].float())


def ours(scene: Scene, params: dict, generator: Generator, parser: Parser, perceptual: Perceptual) -> dict:
    """The stages' own functions, each taking a number of steps of the same losses as the plain ones."""
    objective = Objective(generator, perceptual, scene.images[0], "paper")
    certain = torch.zeros_like(scene.labels[0], dtype=torch.bool)
    f, s = (torch.stack([code[i] for code in scene.codes], 1) for i in (0, 1))
    embedding, alignment, blending = params["embed"], params["align"], params["blend"]
    return {
        "embed W+, previews": lambda n: embed_w(
            generator, objective, embedding["w"] | {"preview_steps": n, "steps": 0}
        ),
        "embed W+": lambda n: embed_w(generator, objective, embedding["w"] | {"preview_steps": 0, "steps": n}),
        "embed F, S": lambda n: embed_fs(generator, objective, scene.ws[0], embedding["fs"] | {"steps": n}),
        "align": lambda n: align(
            generator, parser, perceptual, scene.ws[0], *scene.labels, certain, scene.known, None,
            alignment | {"steps": n, "perceptual_every": 1},
        ),
        "blend": lambda n: blend(generator, perceptual, f, s, scene.masks, blending | {"steps": n}),
    }  # fmt: skip


def seeded_stylegan2() -> StyleGAN2:
    """A StyleGAN2 of 1024 px with seeded weights of a sane size."""
    net, gaussian = StyleGAN2(1024), torch.Generator().manual_seed(0)
    for name, tensor in net.state_dict().items():
        noise = torch.randn(tensor.shape, generator=gaussian)
        scale = math.sqrt(tensor.shape[-1]) if name == "pca_components" else 1.0  # nearly orthogonal
        tensor.copy_(1 + 0.1 * noise if name.endswith(("modulation.bias", "stdev")) else noise / scale)
    return net.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # as `load_generator` does


def plain(scene: Scene, params: dict, generator: Generator, parser: Parser, perceptual: Perceptual) -> dict:
    """The same losses as plain loops."""
    goal, target = area(scene.images[0], LOSS_SIZE), scene.labels[1]
    blocks = params["blend"]["blocks"]

    def embed_loss(image: Tensor) -> Tensor:
        small = area(image, LOSS_SIZE)
        return (10 * (small - goal).square().mean() + plain_distance(perceptual, small, goal)).sum()

    def run_w(n: int) -> None:
        ws = generator.mean_w.repeat(1, generator.n_styles, 1).requires_grad_()
        plain_steps([ws], lambda: embed_loss(generator.synthesis(ws)) + 1e-4 * p_norm(ws, generator).sum(), n)

    def run_fs(n: int) -> None:
        f, s = (t.clone().requires_grad_() for t in scene.codes[0])
        plain_steps([f, s], lambda: embed_loss(render_code(generator, FSCode(f, s))), n)

    def run_align(n: int) -> None:
        moving, still = scene.ws[0][:, :7].clone().requires_grad_(), scene.ws[0][:, 7:]

        def loss() -> Tensor:
            image = generator.synthesis(torch.cat([moving, still], 1))
            known = plain_distance(
                perceptual, area(image, LOSS_SIZE), scene.known.image, area(scene.known.mask, LOSS_SIZE)
            )
            return functional.cross_entropy(parser.logits(image), target) + known.sum()

        plain_steps([moving], loss, n)

    def run_blend(n: int) -> None:
        u = torch.full_like(scene.codes[0].s, 0.5).requires_grad_()
        goals = [area(image, LOSS_SIZE) for image in scene.images]

        def loss() -> Tensor:
            s = u * scene.codes[0].s + (1 - u) * scene.codes[1].s
            image = area(render_code(generator, FSCode(scene.codes[0].f, s)), LOSS_SIZE)
            return sum(
                plain_distance(perceptual, image, goals[k], scene.masks[:, k : k + 1], blocks).sum() for k in (0, 1)
            )

        plain_steps([u], loss, n)

    return {
        "embed W+, previews": run_w,
        "embed W+": run_w,
        "embed F, S": run_fs,
        "align": run_align,
        "blend": run_blend,
    }


def wait() -> None:
    """Until a GPU has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds_a_step(run: Callable[[int], object], steps: int) -> float:
    """Seconds a step, without what is done once: the difference between a long and a short run."""
    run(2)
    wait()
    times = []
    for n in (1, 1 + steps):
        start = time.perf_counter()
        run(n)
        wait()
        times.append(time.perf_counter() - start)
    return (times[1] - times[0]) / steps


def flops(run: Callable[[int], object], steps: int) -> int:
    """Operations of matrix products and convolutions, gradients included, of so many steps and what is done once."""
    with FlopCounterMode(display=False) as counter:
        run(steps)
    return counter.get_total_flops()


def peak(dtype: torch.dtype, device: torch.device) -> float:
    """FLOP/s of a product of two large matrices, the best of five."""
    a = torch.rand(4096, 4096, device=device).to(dtype)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        (a @ a).sum().item()
        best = min(best, time.perf_counter() - start)
    return 2 * 4096**3 / best


def main(
    steps: Annotated[int, typer.Option(min=1, help="of each optimisation")] = 10,
    precision: str = "auto",
    generator: str = "mobilestylegan",
) -> None:
    """Print the table; `precision` and `generator` as in section `networks` of params.yaml."""
    params, device = yaml.safe_load(Path("params.yaml").read_text()), choose_device()
    dtype = chosen(precision, device)
    is_stylegan2 = generator == "stylegan2"
    nets = (
        seeded_stylegan2().to(device) if is_stylegan2 else load_generator(WEIGHTS / f"{generator}.safetensors", device),
        load_parser(WEIGHTS / "bisenet19.safetensors", device),
        load_perceptual(WEIGHTS / "stlpips_vgg.safetensors", device),
    )
    with torch.no_grad():
        scene = Scene(nets[0], nets[1])
    fast = ours(scene, params, *(lowered(net, dtype) for net in nets))
    slow = plain(scene, params, PlainStyleGAN2(nets[0]) if is_stylegan2 else nets[0], *nets[1:])
    top, rows = peak(dtype, device), []
    for name in fast:
        work = flops(fast[name], 2) - flops(fast[name], 1)
        ours_s, plain_s = seconds_a_step(fast[name], steps), seconds_a_step(slow[name], steps)
        rows.append(
            {
                "step": name,
                "plain, ms": round(1000 * plain_s),
                "ours, ms": round(1000 * ours_s),
                "ratio": round(plain_s / ours_s, 2),
                "GFLOP": round(work / 1e9),
                "of peak": f"{work / ours_s / top:.0%}",
            }
        )
    where = f"{torch.get_num_threads()} threads" if device.type == "cpu" else torch.cuda.get_device_name()
    print(f"{where}, {dtype}, peak {top / 1e9:.0f} GFLOP/s")
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
