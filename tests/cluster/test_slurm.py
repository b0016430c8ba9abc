"""The pipeline on a real Slurm: its table is that of one machine, also after what can go wrong on a cluster."""

import subprocess
import time
from pathlib import Path

import pytest
from cluster.slurm import NODES, Slurm, ask, wait_for
from faults.pipeline import assert_same_result
from support import ENVIRONMENT, SMOKE, checkout

pytestmark = pytest.mark.cluster

# The profile's own patience is for a shared disk and for hundreds of jobs.
OPTIONS = [
    "--workflow-profile", "workflow/profiles/slurm", "--configfile", SMOKE,
    "--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5",
]  # fmt: skip
LONGEST = 1200  # s of a run
AWAY = 20  # s without a controller, while the plugin asks for the jobs several times


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start a run on Slurm; it writes to run.log."""
    with (folder / "run.log").open("w") as log:
        return subprocess.Popen(
            ["snakemake", *OPTIONS, *arguments], cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log
        )


def ended(run: subprocess.Popen, folder: Path, code: int = 0) -> str:
    """What a run wrote; waits for its end."""
    found = run.wait(timeout=LONGEST)
    said = (folder / "run.log").read_text()
    assert found == code, said
    return said


def jobs(state: str, *columns: str) -> list[list[str]]:
    """Columns of Slurm's list of jobs that are in a state, or were: of `squeue --Format`."""
    lines = ask("squeue", "--noheader", f"--states={state}", f"--Format={','.join(f'{c}:200' for c in columns)}")
    return [[line[200 * k : 200 * (k + 1)].strip() for k in range(len(columns))] for line in lines.splitlines()]


def barbershop_at_work(run: subprocess.Popen, folder: Path) -> tuple[str, str]:
    """The number and the node of the job that makes Barbershop's composites; waits until its stage is at work."""
    log = folder / "logs" / "composites-barbershop" / "000.log"
    log.unlink(missing_ok=True)
    at_work = lambda: log.exists() and "1 to compute" in log.read_text()  # noqa: E731
    wait_for(lambda: at_work() or run.poll() is not None, "Barbershop's job", patience=LONGEST)
    assert run.poll() is None, (folder / "run.log").read_text()
    [found] = [(number, node) for number, node, what in jobs("RUNNING", "JobID", "NodeList", "Comment")
               if "barbershop" in what]  # fmt: skip
    return found


def test_the_smoke_scale_ends_in_the_table_of_one_machine(slurm, reference, weights, tmp_path):
    """From nothing, on two nodes, and jobs with networks have a GPU. What the run says fits one screen."""
    folder = checkout(tmp_path / "run", weights)
    assert len(ended(start(folder), folder).splitlines()) <= 40
    assert_same_result(folder, reference)
    done = {what: (node, gpus) for node, gpus, what in jobs("COMPLETED", "NodeList", "tres-per-job", "Comment")}
    assert {node for node, _ in done.values()} == set(NODES)
    for rule, gpus in {"codes": "gres:gpu:1", "strata": "N/A"}.items():
        assert done[f"rule_make_{rule}_wildcards_000"][1] == gpus
    assert not any("make_pairs" in what for what in done), "made where `snakemake` was typed"


@pytest.mark.parametrize("state", ["drain", "down"])
def test_a_node_is_taken_away(slurm, folder, reference, state):
    """Drained, it ends its jobs and gets no more; down, its jobs begin again elsewhere."""
    run = start(folder)
    _, node = barbershop_at_work(run, folder)
    ask("scontrol", "update", f"nodename={node}", f"state={state}", "reason=test")
    ended(run, folder)
    assert_same_result(folder, reference)
    reports = [(int(number), where) for number, where, what in jobs("COMPLETED", "JobID", "NodeList", "Comment")
               if "report" in what]  # fmt: skip
    assert max(reports)[1] != node, "what came later went to the other node"


def test_a_job_is_cancelled(slurm, folder, reference):
    run = start(folder)
    number, _ = barbershop_at_work(run, folder)
    ask("scancel", number)
    assert "Trying to restart job" in ended(run, folder)
    assert_same_result(folder, reference)


def test_a_job_is_out_of_memory(slurm, folder, reference):
    """One line at the end says which, and why. With more at the second try the run ends well."""
    said = ended(start(folder, "--retries", "0", "--set-resources", "make_composites:mem_mb=400"), folder, code=1)
    [line] = [line for line in said.splitlines() if line.startswith("make_composites barbershop_000: ")]
    assert line.startswith("make_composites barbershop_000: out of memory: ask for more (mem_mb); Slurm's job ")
    said = ended(start(folder, "--set-resources", "make_composites:mem_mb=400 if attempt == 1 else 4000"), folder)
    assert "Trying to restart job" in said
    assert_same_result(folder, reference)


def test_the_controller_is_started_again(slurm: Slurm, folder, reference):
    """While it is away, nobody says how the jobs are. The jobs go on."""
    run = start(folder)
    barbershop_at_work(run, folder)
    slurm.stop("slurmctld")
    time.sleep(AWAY)
    slurm.start_controller()
    assert "Slurm does not answer" in ended(run, folder)
    assert_same_result(folder, reference)
