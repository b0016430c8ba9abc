"""How often Snakemake looks which jobs can run: when one has ended, and when its limit on new jobs lets more begin.

Snakemake 9 looks again a second after every look, so each job that ends adds one more look a second for the rest of the
run. A look asks for the inputs of all jobs that are ready. With hundreds of these (1,000 images, 3,000 pairs) Snakemake
was at it all the time, and took a third of a core from the jobs (py-spy, 300 ready jobs). Snakemake has no option
against it, so `JobScheduler._schedule_reevalutation` is wrapped.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

LookAgain = Callable[[Any, int], None]


def if_limited(look_again: LookAgain) -> LookAgain:
    """`JobScheduler._schedule_reevalutation` that does nothing where the limit on new jobs holds none back."""

    @wraps(look_again)
    def of(scheduler: Any, delay: int) -> None:
        limit = scheduler.job_rate_limiter
        of_limit = limit is not None and delay == limit.timespan
        if not (of_limit and limit.get_free_jobs()):
            look_again(scheduler, delay)

    return of


def only_when_needed() -> None:
    """Let this process's Snakemake look only then; a second call changes nothing."""
    from snakemake.scheduling.job_scheduler import JobScheduler

    if not hasattr(JobScheduler._schedule_reevalutation, "__wrapped__"):
        JobScheduler._schedule_reevalutation = if_limited(JobScheduler._schedule_reevalutation)
