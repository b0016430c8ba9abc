"""Where networks compute: threads as this process may use cores, and float32 that means float32."""

import builtins
import ctypes
import io
import os
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import pytest
import torch
from filelock import FileLock

from stages.engine import machine
from stages.nets import device


@pytest.fixture(autouse=True)
def as_before():
    """The process's settings, put back."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    device.allow_tf32(False)


@pytest.fixture
def cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)


def files(monkeypatch, contents: dict[str, str | None]) -> None:
    """Let some system files have these contents, or be missing."""
    exists, opened = os.path.exists, builtins.open
    monkeypatch.setattr(
        os.path, "exists", lambda path: contents[path] is not None if path in contents else exists(path)
    )
    monkeypatch.setattr(
        builtins, "open",
        lambda path, *args, **named: io.StringIO(contents[path]) if path in contents else opened(path, *args, **named),
    )  # fmt: skip


V2, V1 = "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_{}_us"


@pytest.mark.parametrize(
    ("contents", "cores"),
    [
        ({V2: "max 100000", V1.format("quota"): None}, 8),
        ({V2: "300000 100000", V1.format("quota"): None}, 3),
        ({V2: "50000 100000", V1.format("quota"): None}, 1),
        ({V2: None, V1.format("quota"): "200000", V1.format("period"): "100000"}, 2),
        ({V2: None, V1.format("quota"): "-1", V1.format("period"): "100000"}, 8),
        ({V2: None, V1.format("quota"): None, V1.format("period"): None}, 8),
    ],
)
def test_threads_are_as_many_as_the_containers_quota_allows(cpu, monkeypatch, contents, cores):
    files(monkeypatch, contents)
    assert device.choose_device() == torch.device("cpu")
    assert torch.get_num_threads() == cores


def test_threads_are_as_many_as_the_affinity_allows(cpu, monkeypatch):
    files(monkeypatch, {V2: None, V1.format("quota"): None, V1.format("period"): None})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5}, raising=False)
    device.choose_device()
    assert torch.get_num_threads() == 2


def test_without_affinity_and_glibc_as_on_macos_all_cores_are_used(cpu, monkeypatch):
    def missing(name):
        raise OSError(f"dlopen({name}): no such file")

    files(monkeypatch, {V2: None, V1.format("quota"): None, V1.format("period"): None})
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr("psutil.Process", object)  # macOS's has no cpu_affinity
    monkeypatch.setattr(ctypes, "CDLL", missing)
    device.choose_device()
    assert torch.get_num_threads() == 8


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (None, {"mmap_max": 0, "trim_threshold": 2**31 - 1, "top_pad": 2**28}),
        (2**33, {"mmap_threshold": 2**20, "arena_max": 1}),
    ],
)
def test_freed_memory_is_kept_unless_the_address_space_is_limited(cpu, monkeypatch, limit, told):
    calls = []
    monkeypatch.setattr(device, "address_space_limit", lambda: limit)
    monkeypatch.setattr(device, "_tell_glibc", lambda **options: calls.append(options))
    device.choose_device()
    assert calls == [told]


@pytest.mark.parametrize("tf32", [False, True])
def test_one_switch_is_for_all_of_tf32(tf32):
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = not tf32, not tf32
    device.choose_device(tf32)
    assert torch.backends.cudnn.allow_tf32 == torch.backends.cuda.matmul.allow_tf32 == tf32
    precision = "tf32" if tf32 else "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == torch.backends.cudnn.rnn.fp32_precision == precision
    assert torch.backends.cuda.matmul.fp32_precision == precision


def test_float32_means_float32_unless_asked_otherwise():
    device.choose_device(tf32=True)
    device.choose_device()
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(("platform", "counted"), [("linux", 3 * 1024), ("darwin", 3 * 2**20)])
def test_peak_memory_is_in_mib_whatever_the_system_counts_in(monkeypatch, platform, counted):
    class Usage:
        ru_maxrss = counted

    monkeypatch.setattr(machine.sys, "platform", platform)
    monkeypatch.setattr(machine.resource, "getrusage", lambda _: Usage)
    assert machine.peak_memory_mib() == 3


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_jobs_side_by_side_sleep_while_they_wait_unless_told_otherwise(monkeypatch, before, after):
    monkeypatch.setenv("OMP_WAIT_POLICY", "put back afterwards")
    if before is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    else:
        monkeypatch.setenv("OMP_WAIT_POLICY", before)
    machine.share_cores()
    assert os.environ["OMP_WAIT_POLICY"] == after


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Two GPUs, as PyTorch would tell of them, which no job holds; a function that says which the next job gets."""
    current = [0]
    made = {
        "is_available": lambda: True, "device_count": lambda: 2, "current_device": lambda: current[0],
        "set_device": lambda index: current.__setitem__(0, index),
        "get_device_properties": lambda index: SimpleNamespace(uuid=f"GPU-{index}"),
    }  # fmt: skip
    for name, function in made.items():
        monkeypatch.setattr(torch.cuda, name, function)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    jobs: list[dict[int, FileLock]] = []

    def another() -> torch.device:
        """What one more job gets."""
        jobs.append({})
        monkeypatch.setattr(device, "_held", jobs[-1])
        return device.choose_device()

    yield another
    for job in jobs:
        for lock in job.values():
            lock.release()


def test_every_job_has_a_gpu_of_its_own_and_keeps_it(gpus, caplog):
    assert [gpus() for _ in range(2)] == [torch.device("cuda", index) for index in range(2)]
    assert device.choose_device() == torch.device("cuda", 1)
    assert not caplog.records
    assert gpus() == torch.device("cuda", 0)
    (record,) = caplog.records
    assert "every GPU is in use" in record.message


def test_a_job_that_was_killed_holds_no_gpu(gpus, tmp_path):
    hold = "from filelock import FileLock; lock = FileLock({!r}); lock.acquire(); print(1, flush=True); input()"
    path = tmp_path / f"barbershop-{os.getuid()}-GPU-0.lock"
    command = [sys.executable, "-c", hold.format(str(path))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.read(1) == b"1"
        assert gpus() == torch.device("cuda", 1)
        other.kill()
    assert gpus() == torch.device("cuda", 0)
