"""A stage ends with the Snakemake that started it, however that one ended.

Killed by SIGKILL, Snakemake cannot end its jobs itself, and between the two there is a shell, whose end alone is what
the kernel's parent-death signal would tell of. So the Snakefile leaves its process id in the environment, and a thread
of the stage waits for that process.
"""

import os
import select
import signal
import threading
import time
from contextlib import suppress

import psutil

VARIABLE = "STAGES_SNAKEMAKE_PID"
LOOK = 0.5  # s between two looks at the process where the kernel does not tell of its end


def announce() -> None:
    """Leave this process's id to all that it starts; the Snakefile calls it."""
    os.environ[VARIABLE] = str(os.getpid())


def follow() -> None:
    """End this process by SIGKILL as soon as the Snakemake that started it has ended, or at once if it has already.

    Whatever is being written appears whole or not at all, so no cleaning up is needed. Started by hand, a stage follows
    nobody.
    """
    pid = os.environ.get(VARIABLE)
    if pid is not None:
        threading.Thread(target=_end_with, args=(int(pid),), name="lifeline", daemon=True).start()


def _end_with(pid: int) -> None:
    with suppress(ProcessLookupError, psutil.NoSuchProcess):  # it ended before this stage was there
        _wait(pid)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(pid: int) -> None:
    """Return when a process has ended, also while it is a zombie.

    Raises:
        ProcessLookupError, psutil.NoSuchProcess: there is none.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (AttributeError, OSError):  # macOS has no such call; an old kernel or a sandbox refuses it
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(LOOK)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)  # readable from its end on
    poll.poll()
