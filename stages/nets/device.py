"""Where networks compute, set up so that the same machine gives the same digits. Part of every fingerprint."""

import ctypes
import logging
import os
import tempfile
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from loky import cpu_count

from stages.engine.machine import address_space_limit

log = logging.getLogger("stages")
_held: dict[int, FileLock] = {}  # the lock of the GPU of some number, until the process ends


def choose_device(tf32: bool = False) -> torch.device:
    """A GPU that no other job holds if there is one, else the CPU with all cores that this process may use.

    Snakemake counts how many jobs may use a GPU at a time, but does not say which. And it sets OMP_NUM_THREADS to its
    own number of cores, so the threads are set here: as many whatever runs beside, as they decide digits. Jobs
    side by side share the cores by waiting without spinning (`stages.engine.machine.share_cores`).

    Args:
        tf32: let a GPU round the factors of float32 products to TF32's 10 bits. PyTorch's own default does so for
            convolutions. Without it, float32 means float32.
    """
    allow_tf32(tf32)
    if torch.cuda.is_available():
        gpu = _free_gpu()
        torch.cuda.set_device(gpu)
        return torch.device("cuda", gpu)
    torch.set_num_threads(cpu_count())  # as affinity and the container's CPU quota allow
    if address_space_limit() is None:
        _keep_freed_memory()
    else:
        _return_freed_memory()
    # MKL chooses its kernels at the first call. When two threads made that call at once, one of 20 processes took
    # another square root for a part of its first tensor (measured), and its first item differed in the last digit.
    torch.ones(1).sqrt()
    return torch.device("cpu")


def _free_gpu() -> int:
    """The number of a GPU that no other job of this user holds, which is held from now on; of the first if all are."""
    if _held:
        return next(iter(_held))
    for index in range(torch.cuda.device_count()):
        name = f"barbershop-{os.getuid()}-{torch.cuda.get_device_properties(index).uuid}.lock"
        lock = FileLock(Path(tempfile.gettempdir(), name))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        _held[index] = lock
        return index
    log.warning("every GPU is in use by another job; sharing the first. More jobs at a time than GPUs (`gpu=…`)?")
    return 0


def allow_tf32(allowed: bool) -> None:
    """Allow TF32 in convolutions, recurrent networks and matrix products on CUDA devices, or forbid it in all."""
    # PyTorch has an old and a new interface to this, and reading the old one fails unless both say the same.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    conv, rnn = (getattr(torch.backends.cudnn, name) for name in ("conv", "rnn"))  # which its type lacks
    for operation in (conv, rnn, torch.backends.cuda.matmul):
        operation.fp32_precision = "tf32" if allowed else "ieee"


def _keep_freed_memory() -> None:
    """Tell glibc to keep freed memory: returning each big activation to the kernel and getting it back as
    fresh pages costs more than the arithmetic on it (measured: a leaky ReLU of 64 MiB, 31 ms against 4 ms)."""
    _tell_glibc(mmap_max=0, trim_threshold=2**31 - 1, top_pad=256 * 2**20)


def _return_freed_memory() -> None:
    """Tell glibc to return freed memory at once, addresses included, as `ulimit -v` makes them scarce.

    Kept, the pieces of a batch that did not fit leave no room for half of it, nor for the kernels that oneDNN maps.
    """
    _tell_glibc(mmap_threshold=2**20, arena_max=1)  # an arena is 64 MiB of addresses, and each thread has its own


MALLOPT = {"trim_threshold": -1, "top_pad": -2, "mmap_threshold": -3, "mmap_max": -4, "arena_max": -8}  # malloc.h


def _tell_glibc(**options: int) -> None:
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return  # not glibc
    for option, value in options.items():
        mallopt(MALLOPT[option], value)
