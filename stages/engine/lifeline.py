"""A stage ends with the Snakemake that started it, however that one ended.

Killed by SIGKILL, Snakemake cannot end its jobs itself, and between the two there is a shell, whose end alone is what
the kernel's parent-death signal would tell of. So the Snakefile leaves its process id in the environment, and a thread
of the stage waits for that process.
"""

import os
import select
import signal
import threading

VARIABLE = "STAGES_SNAKEMAKE_PID"


def announce() -> None:
    """Leave this process's id to all that it starts; the Snakefile calls it."""
    os.environ[VARIABLE] = str(os.getpid())


def follow() -> None:
    """End this process by SIGKILL as soon as the Snakemake that started it has ended, or at once if it has already.

    Whatever is being written appears whole or not at all, so no cleaning up is needed. Started by hand, a stage follows
    nobody; nor does it where the kernel is not Linux.
    """
    pid = os.environ.get(VARIABLE)
    if pid is not None and hasattr(os, "pidfd_open"):
        threading.Thread(target=_end_with, args=(int(pid),), name="lifeline", daemon=True).start()


def _end_with(pid: int) -> None:
    try:
        poll = select.poll()
        poll.register(os.pidfd_open(pid), select.POLLIN)  # readable from its end on, also while it is a zombie
        poll.poll()
    except ProcessLookupError:
        pass  # it ended before this stage was there
    os.kill(os.getpid(), signal.SIGKILL)
