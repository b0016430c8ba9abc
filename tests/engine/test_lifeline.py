"""A stage does not outlive the process that started it through a shell."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import ENVIRONMENT, ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="a stage follows nobody where there is no Linux")

STAGE = (
    "import os, time; from stages.engine.lifeline import follow; follow(); open({!r}, 'w').write(str(os.getpid())); {}"
)
ORCHESTRATOR = """
import subprocess
from stages.engine.lifeline import announce
announce()
subprocess.run(["bash", "-c", {!r}])
"""


def start(report: Path, work: str) -> subprocess.Popen:
    """Start a process that starts bash that starts a 'stage'; returns when the stage has said its process id."""
    stage = STAGE.format(str(report), work).replace('"', '\\"')
    script = ORCHESTRATOR.format(f'set -e; {sys.executable} -c "{stage}"; true')
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=ENVIRONMENT, start_new_session=True)
    wait_for(lambda: report.exists() and report.read_text())
    return process


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_it_ends_with_an_orchestrator_that_was_killed(tmp_path):
    process = start(tmp_path / "pid", "time.sleep(120)")
    pid = int((tmp_path / "pid").read_text())
    assert not gone(pid)
    os.kill(process.pid, signal.SIGKILL)  # the shell between them lives on
    wait_for(lambda: gone(pid))
    process.wait()


def test_it_ends_at_once_if_there_is_no_orchestrator_any_more(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    script = "import time; from stages.engine.lifeline import follow; follow(); time.sleep(120)"
    environment = ENVIRONMENT | {"STAGES_SNAKEMAKE_PID": str(ended.pid)}
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment).returncode == -signal.SIGKILL


def test_started_by_hand_it_follows_nobody(tmp_path):
    script = "from stages.engine.lifeline import follow; follow(); print('done')"
    environment = {key: value for key, value in ENVIRONMENT.items() if key != "STAGES_SNAKEMAKE_PID"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "done\n"
