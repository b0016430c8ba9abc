"""What this machine and process have: memory; and how jobs share its cores."""

import math
import os
import resource
import sys

import psutil


def peak_memory_mib() -> float:
    """Largest resident memory of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss: macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def address_space_limit() -> int | None:
    """Bytes of address space that this process may take (`ulimit -v`); None without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def address_space_left() -> float:
    """Bytes that this process may still take under its `ulimit -v`; inf without one."""
    limit = address_space_limit()
    return math.inf if limit is None else limit - psutil.Process().memory_info().vms


def share_cores() -> None:
    """Let the jobs to come share the cores: a thread that waits for another sleeps.

    By default it spins for a while, which pays where a job has its cores to itself. With four jobs on two cores, two of
    them embeddings, a step of an embedding took 15 s of two spinning threads, 5 to 9 s of two sleeping ones, and 8 s of
    one thread (a Xeon with AVX-512).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read by OpenMP when it is loaded
