"""Progress of an optimisation: a bar on a terminal, plain lines in a log, the curve of the losses in the run log."""

import logging
import math
import os
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Never, TypedDict

from tqdm import tqdm

if TYPE_CHECKING:
    from torch import Tensor

from stages.engine.run_log import WATCHED_VARIABLE

log = logging.getLogger("stages")

PLAIN_LINE_SECONDS = 15.0  # how often a long optimisation says where it is when nobody watches a bar
BAR_SECONDS = 0.5  # how often a bar shows the loss: to read it is to wait for the GPU
CURVE_POINTS = 20  # of a curve in the run log, at most


class Curve(TypedDict):
    """How the loss of an item went: the title of the optimisation, and points (step, loss); None is not finite."""

    of: str
    points: list[tuple[int, float | None]]


class _Traced:
    """The losses of a batch at some steps, left where they are: to read one is to wait for the GPU."""

    def __init__(self, title: str, steps: int) -> None:
        self.title, self.steps = title, steps
        self.points: list[tuple[int, Tensor]] = []
        few = min(CURVE_POINTS, steps)
        self.wanted = {round(1 + i * (steps - 1) / max(1, few - 1)) for i in range(few)}

    def add(self, step: int, losses: "Tensor") -> None:
        if step in self.wanted:
            self.points.append((step, losses.detach()))


_traced: deque[_Traced] = deque(maxlen=64)  # of optimisations that came to their end; nobody may ask


def take_curves(items: int) -> list[list[Curve]]:
    """For each item of the batch that was computed last, how the losses of its optimisations went. Then forgets them.

    There are none for a batch that had to be halved.
    """
    curves: list[list[Curve]] = [[] for _ in range(items)]
    for traced in _traced:
        if any(losses.shape != (items,) for _, losses in traced.points):
            continue
        values = [(step, losses.tolist()) for step, losses in traced.points]
        for item, own in enumerate(curves):
            points = [(step, _rounded(losses[item])) for step, losses in values]
            own.append({"of": traced.title, "points": points})
    _traced.clear()
    return curves


def _rounded(loss: float) -> float | None:
    return float(f"{loss:.5g}") if math.isfinite(loss) else None


class Progress:
    """An `OnStep` for `stages.codes.optimise`: a bar with loss and time left on a terminal, else plain lines.

    After the last step it can begin again, for a second phase of the same work.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = self.said = self.shown = time.monotonic()
        self.bar: tqdm[Never] | None = None
        self.traced = _Traced(title, 0)

    def __call__(self, step: int, steps: int, losses: "Tensor") -> None:
        now = time.monotonic()
        if step == 1:
            self.traced = _Traced(self.title, steps)
        self.traced.add(step, losses)
        if step == steps:
            _traced.append(self.traced)
        if sys.stderr.isatty() and WATCHED_VARIABLE not in os.environ:  # else Snakemake has a bar there
            if self.bar is None:
                self.bar = tqdm(total=steps, desc=self.title, leave=False)
            if now - self.shown > BAR_SECONDS:
                self.bar.set_postfix(loss=f"{losses.mean().item():.4f}", refresh=False)
                self.shown = now
            self.bar.update()
            if step == steps:
                self.bar.close()
                self.bar = None
        if step == steps or (self.bar is None and now - self.said > PLAIN_LINE_SECONDS):
            left = (now - self.started) / step * (steps - step)
            log.info("%s: step %d of %d, loss %.4f, %.0f s left", self.title, step, steps, losses.mean().item(), left)
            self.said = now
        if step == steps:
            self.started = now
