"""A native 256-px crop, rendered alone, against the whole render, at 1024 px: forward, and with the gradient of F.

    python -m benchmarks.crops
    python -m benchmarks.crops --generator stylegan2

On one thread, and in seconds of the processor beside those of the clock, so that it says something on a busy machine
too. StyleGAN2 has seeded weights here, which cost what trained ones do.
"""

import time
from collections.abc import Callable

import pandas as pd
import torch
import typer
from torch import Tensor

from benchmarks.steps import WEIGHTS, seeded_stylegan2
from stages.nets.loading import load_generator
from stages.nets.precision import chosen, lowered
from stages.nets.windows import Window

# Of F's cells; 8 of 32 are 256 px of 1024.
WINDOWS = {"inside": Window(12, 12, 20, 20), "in a corner": Window(0, 0, 8, 8)}


def measured(run: Callable[[], Tensor], leaf: Tensor, repeats: int) -> dict[str, float]:
    """The least seconds of the processor, and of the clock, of a run and of a run with its gradient."""

    def both() -> None:
        run().sum().backward()
        leaf.grad = None

    seconds = {}
    for name, call in (("forward", torch.no_grad()(run)), ("with gradient", both)):
        call()
        times = []
        for _ in range(repeats):
            starts = time.process_time(), time.perf_counter()
            call()
            times.append((time.process_time() - starts[0], time.perf_counter() - starts[1]))
        for clock, values in zip(("processor", "clock"), zip(*times, strict=True), strict=True):
            seconds[f"{name}, {clock}"] = round(min(values), 3)
    return seconds


def main(generator: str = "mobilestylegan", precision: str = "auto", repeats: int = 3) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    device = torch.device("cpu")
    exact = (
        seeded_stylegan2() if generator == "stylegan2" else load_generator(WEIGHTS / f"{generator}.safetensors", device)
    )
    net = lowered(exact, chosen(precision, device))
    w = net.map(torch.randn(1, 512, generator=torch.Generator().manual_seed(0)))
    ws = w[:, None].repeat(1, net.n_styles, 1)
    f = net.features(ws).requires_grad_()
    rows = {"whole": measured(lambda: net.render(f, ws), f, repeats)}
    for name, window in WINDOWS.items():
        rows[f"crop {name}"] = measured(lambda window=window: net.crop(f, ws, window), f, repeats)
    table = pd.DataFrame(rows).T
    print(f"{generator}, {chosen(precision, device)}, seconds on one thread")
    print(table.to_string())
    print("as a share of the whole")
    print((table / table.loc["whole"]).round(3).to_string())


if __name__ == "__main__":
    typer.run(main)
