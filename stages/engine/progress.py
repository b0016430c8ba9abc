"""Progress of an optimisation: a bar on a terminal, plain lines in a log."""

import logging
import sys
import time
from typing import TYPE_CHECKING, Never

from tqdm import tqdm

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger("stages")

PLAIN_LINE_SECONDS = 15.0  # how often a long optimisation says where it is when nobody watches a bar
BAR_SECONDS = 0.5  # how often a bar shows the loss: to read it is to wait for the GPU


class Progress:
    """An `OnStep` for `stages.codes.optimise`: a bar with loss and time left on a terminal, else plain lines.

    After the last step it can begin again, for a second phase of the same work.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = self.said = self.shown = time.monotonic()
        self.bar: tqdm[Never] | None = None

    def __call__(self, step: int, steps: int, losses: "Tensor") -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
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
