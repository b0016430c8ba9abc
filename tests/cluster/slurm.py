"""A real Slurm on this machine, from Debian's packages: a controller and two nodes, each with one GPU.

    apt-get install slurmctld slurmd slurm-client munge
    python tests/cluster/slurm.py        # as root; runs until Ctrl-C

The nodes are two `slurmd` that share this machine's cores. Their GPU is /dev/null under another name: Slurm hands it
out like any other, and no network finds a GPU in it. There is no accounting (`sacct`), as it needs a database.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "munged")
NODES = ("n1", "n2")
PORT = 17817  # of the controller; the nodes have those after it
MEMORY = 8000  # MB of a node
ETC = Path("/etc/slurm")  # the plugin takes SLURM_CONF out of the environment of a job's step, so it must be here
GPU = (1, 3)  # the numbers of /dev/null
PATIENCE = 60  # s

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
ReturnToService=1
SlurmdTimeout=15
MinJobAge=3600
KillWait=3
GresTypes=gpu
{limits}
{nodes}
PartitionName=all Nodes={names} Default=YES State=UP
"""
# With cgroups the kernel ends what takes more memory than its job has; without them Slurm looks once a second.
CGROUPS = "ProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup"
NO_CGROUPS = """\
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill"""
CGROUP_CONF = "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\nConstrainRAMSpace=yes\nConstrainSwapSpace=yes\n"


def obstacle() -> str | None:
    """Why no Slurm can be started here, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"needs {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge"
    conf = ETC / "slurm.conf"
    return f"{conf} is there: this machine has a Slurm of its own" if conf.exists() else None


def wait_for(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.2)


def ask(*command: str) -> str:
    """What one of Slurm's commands prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Slurm:
    """The daemons. What they write, and their logs, are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> "Slurm":
        if reason := obstacle():
            raise OSError(reason)
        self._configure()
        try:
            self._start(
                "munged", "--foreground", "--force", *(f"--{key}={value}" for key, value in self._munge().items())
            )
            wait_for((self.folder / "munge.socket").exists, "munged")
            self.start_controller()
            for node in NODES:
                self.start_node(node)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["scancel", "--user=root", "--signal=KILL"], capture_output=True)
        subprocess.run(["scancel", "--user=root"], capture_output=True)
        for name in [*NODES, "slurmctld", "munged"]:
            self.stop(name)
        for name in ("slurm.conf", "gres.conf", "cgroup.conf"):
            (ETC / name).unlink(missing_ok=True)

    def _configure(self) -> None:
        for name in ("state", *NODES):
            (self.folder / name).mkdir()
        nodes, devices = [], []
        for k, node in enumerate(NODES):
            os.mknod(self.folder / f"gpu{k}", 0o20666, os.makedev(*GPU))
            devices.append(f"NodeName={node} Name=gpu File={self.folder}/gpu{k}\n")
            nodes.append(
                f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={PORT + 1 + k}"
                f" CPUs={max(2, os.cpu_count() or 2)} RealMemory={MEMORY} Gres=gpu:1"
            )
        conf = CONF.format(
            host=socket.gethostname(), port=PORT, folder=self.folder, nodes="\n".join(nodes), names=",".join(NODES),
            limits=CGROUPS if Path("/sys/fs/cgroup/memory").is_dir() else NO_CGROUPS,
        )  # fmt: skip
        ETC.mkdir(exist_ok=True)
        for name, text in {"slurm.conf": conf, "gres.conf": "".join(devices), "cgroup.conf": CGROUP_CONF}.items():
            (self.folder / name).write_text(text)
            (ETC / name).unlink(missing_ok=True)  # a link that a killed test left
            (ETC / name).symlink_to(self.folder / name)

    def _munge(self) -> dict[str, Path]:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        names = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        return {"key-file": key} | {option: self.folder / f"munge.{end}" for option, end in names.items()}

    def _start(self, name: str, *arguments: str, program: str | None = None) -> None:
        with (self.folder / f"{name}.log").open("a") as log:
            self.daemons[name] = subprocess.Popen(
                [program or name, *arguments], stdout=log, stderr=log, start_new_session=True
            )

    def stop(self, name: str, how: int = signal.SIGTERM) -> None:
        """End a daemon: `slurmctld`, or the node of that name. What runs on the node goes on."""
        daemon = self.daemons.pop(name, None)
        if daemon is not None:
            daemon.send_signal(how)
            daemon.wait(PATIENCE)

    def start_controller(self) -> None:
        """Start the controller, which knows the jobs of the one before it."""
        self._start("slurmctld", "-D")
        wait_for(lambda: subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0, "slurmctld")

    def start_node(self, name: str) -> None:
        """Start a node, and wait until it takes jobs."""
        self._start(name, "-D", "-N", name, program="slurmd")
        wait_for(lambda: self.state(name) in ("idle", "mix", "alloc"), f"node {name}")

    def state(self, node: str) -> str:
        """The state of a node, as `sinfo` calls it."""
        return ask("sinfo", "--noheader", "--Node", f"--nodes={node}", "--format=%t").strip()


def main() -> None:
    """Run a Slurm until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, Slurm(Path(folder)) as slurm:
        print(
            ask("sinfo", "--Node", "--format=%N %t, %c cores, %m MB, %G"), f"logs: {slurm.folder}", sep="", flush=True
        )
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
