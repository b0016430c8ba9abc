"""What this machine and process have: memory, and cores."""

import math
import os
import resource
import sys

import psutil
from loky import cpu_count

JOBS = "BARBERSHOP_JOBS"  # in the environment: how many jobs compute side by side


def announce_jobs(cores: int | None, gpus: int | None) -> None:
    """Tell the jobs to come how many of them Snakemake lets compute side by side.

    Args:
        cores: jobs at a time, as `--cores` says; None for one.
        gpus: jobs with networks at a time, as `--resources gpu=…` says; None for as many as there are cores.
    """
    jobs = min(number for number in (cores or 1, gpus) if number is not None)
    os.environ[JOBS] = str(max(1, jobs))


def own_cores() -> int:
    """This job's share of the cores that the process may use, as affinity and the container's quota allow."""
    return max(1, cpu_count() // int(os.environ.get(JOBS, 1)))


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
