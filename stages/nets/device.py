"""Where networks compute, set up so that the same machine gives the same digits. Part of every fingerprint."""

import ctypes
import os

import torch


def choose_device() -> torch.device:
    """The GPU if there is one, else the CPU with all its cores.

    Snakemake sets OMP_NUM_THREADS to 1 with `--cores 1`, so the threads are set here.
    """
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
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return  # not glibc
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 256 * 2**20)
