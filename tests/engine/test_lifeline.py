"""A stage does not outlive the process that started it through a shell."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from support import ENVIRONMENT, ROOT

STAGE = (
    "import os, time; {}; from stages.engine.lifeline import follow; follow(); "
    "open({!r}, 'w').write(str(os.getpid())); time.sleep(120)"
)
# How the stage watches: as here on Linux, as on macOS, and as where a sandbox refuses the call.
WAYS = {
    "told": "0",
    "looking": "vars(os).pop('pidfd_open', 0)",
    "refused": "os.pidfd_open = lambda pid: os.stat('none')",
}
ORCHESTRATOR = """
import subprocess
from stages.engine.lifeline import announce
announce()
subprocess.run(["bash", "-c", {!r}])
"""


@pytest.fixture(params=WAYS)
def way(request) -> str:
    return WAYS[request.param]


def start(report: Path, way: str) -> subprocess.Popen:
    """Start a process that starts bash that starts a 'stage'; returns when the stage has said its process id."""
    stage = STAGE.format(way, str(report)).replace('"', '\\"')
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
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_ends_with_an_orchestrator_that_was_killed(tmp_path, way):
    process = start(tmp_path / "pid", way)
    pid = int((tmp_path / "pid").read_text())
    assert not gone(pid)
    os.kill(process.pid, signal.SIGKILL)  # the shell between them lives on; unwaited for, it is a zombie
    wait_for(lambda: gone(pid))
    process.wait()


def test_it_ends_at_once_if_there_is_no_orchestrator_any_more(way):
    ended = subprocess.Popen(["true"])
    ended.wait()
    script = f"import os, time; {way}; from stages.engine.lifeline import follow; follow(); time.sleep(120)"
    environment = ENVIRONMENT | {"STAGES_SNAKEMAKE_PID": str(ended.pid)}
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment).returncode == -signal.SIGKILL


def test_started_by_hand_it_follows_nobody(tmp_path):
    script = "from stages.engine.lifeline import follow; follow(); print('done')"
    environment = {key: value for key, value in ENVIRONMENT.items() if key != "STAGES_SNAKEMAKE_PID"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "done\n"
