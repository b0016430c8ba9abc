"""What this machine and process have: memory, so far."""

import math
import resource

import psutil


def peak_memory_mib() -> float:
    """Largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def address_space_left() -> float:
    """Bytes that this process may still take under its `ulimit -v`; inf without one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit - psutil.Process().memory_info().vms
