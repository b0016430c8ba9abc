"""The edge that every stage shares: command line, log, errors, machine settings, progress."""

import errno
import json
import logging
import math
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import psutil
import typer
from tqdm import tqdm

from stages.config import check_section
from stages.errors import UserError
from stages.lifeline import follow
from stages.records import check_manifests
from stages.regions.labels import SCHEMES, LabelScheme

log = logging.getLogger("stages")

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)  # of a disk, not of a bug

PLAIN_LINE_SECONDS = 15.0  # how often a long optimisation says where it is when nobody watches a bar
BAR_SECONDS = 0.5  # how often a bar shows the loss: to read it is to wait for the GPU

Log = Annotated[Path | None, typer.Option("--log", help="file that gets a copy of the messages")]


def section(name: str) -> Callable[[str], dict[str, Any]]:
    """Parser of a `--params` option: JSON of one section of params.yaml, checked against its schema."""

    def parse(text: str) -> dict[str, Any]:
        try:
            params = json.loads(text)
        except ValueError as error:
            raise typer.BadParameter(f"not JSON: {error}") from error
        try:
            check_section(name, params)
        except UserError as error:
            raise typer.BadParameter(str(error)) from error
        return params

    return parse


def _scheme(name: str) -> LabelScheme:
    if name not in SCHEMES:
        raise typer.BadParameter(f"{name}: unknown; known: {', '.join(SCHEMES)}")
    return SCHEMES[name]


Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    typer.Option(help="networks.precision: of the networks that only gradients pass through"),
]

Scheme = Annotated[Any, typer.Option("--scheme", parser=_scheme, help="label scheme of the maps, by name")]


def run_stage(main: Callable[..., None]) -> None:
    """Run a stage's command: a user's mistake ends in one line and exit status 1, without a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    follow()
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        check_manifests()
        app()
    except UserError as error:
        log.error("error: %s", error)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        log.error("error: %s; finished items are kept: make room or make it writable, and run again", error)
    else:
        return
    sys.exit(1)


def log_to(path: Path | None) -> None:
    """Copy the messages to a file, plain lines with the full date."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        logging.raiseExceptions = False  # a full disk must not bury the message in tracebacks of its own copy
        handler = logging.FileHandler(path, mode="w")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.getLogger().addHandler(handler)


def choose_device() -> Any:
    """The GPU if there is one, else the CPU with all its cores; returns a `torch.device`.

    Snakemake sets OMP_NUM_THREADS to 1 with `--cores 1`, so the threads are set here.
    """
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    _keep_freed_memory()
    # MKL chooses its kernels at the first call. When two threads made that call at once, one of 20 processes took
    # another square root for a part of its first tensor (measured), and its first item differed in the last digit.
    torch.ones(1).sqrt()
    return torch.device("cpu")


def _keep_freed_memory() -> None:
    """Tell glibc to keep freed memory: returning each big activation to the kernel and getting it back as
    fresh pages costs more than the arithmetic on it (measured: a leaky ReLU of 64 MiB, 31 ms against 4 ms)."""
    import ctypes

    trim_threshold, top_pad, mmap_max = -1, -2, -4
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return  # not glibc
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 256 * 2**20)


def peak_memory_mib() -> float:
    """Largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def address_space_left() -> float:
    """Bytes that this process may still take under its `ulimit -v`; inf without one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit - psutil.Process().memory_info().vms


class Progress:
    """An `OnStep` for `stages.codes.optimise`: a bar with loss and time left on a terminal, else plain lines.

    After the last step it can begin again, for a second phase of the same work.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = self.said = self.shown = time.monotonic()
        self.bar: tqdm | None = None

    def __call__(self, step: int, steps: int, losses: Any) -> None:
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
