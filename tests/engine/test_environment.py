"""What of machine and libraries is part of a fingerprint: all that decides the digits of a result, and no more."""

import platform
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from stages.engine import code, environment
from stages.engine.items import Item, Result, run_items

TREE = {
    "pastes.py": "import cv2\nfrom stages import arrays\n",
    "arrays.py": "import numpy as np\n",
    "plans.py": "import json\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
    "learns.py": "import torch\nfrom stages import arrays\n",
    "lazy.py": "def compute():\n    from stages import learns\n",
    "reads.py": "from stages.engine import items\n",
    "engine/items.py": "import torch\n",
}


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """TREE in place of the package, and an empty folder to work in. There is no GPU."""
    for path, text in TREE.items():
        (tmp_path / "stages" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stages" / path).write_text(text)
    monkeypatch.setattr(code, "PACKAGE", tmp_path / "stages")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    forget()
    yield
    forget()


def forget():
    for cached in (code.modules, code.code_digests, code._of):
        cached.cache_clear()


@pytest.fixture
def threads():
    """Puts the number of threads back."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def of(name):
    return environment.environment(f"stages.{name}")


def test_only_the_libraries_that_modules_use():
    assert of("pastes") == {
        "device": f"cpu {platform.machine()}", "cv2": version("opencv-python-headless"), "numpy": version("numpy"),
    }  # fmt: skip
    assert of("plans") == of("reads") == {"device": f"cpu {platform.machine()}"}
    assert of("pastes") | of("plans") == environment.environment("stages.plans", "stages.pastes")


@pytest.mark.parametrize("name", ["learns", "lazy"])
def test_kernels_and_threads_are_those_of_torch(name, threads):
    found = of(name)
    assert found == {
        "device": f"cpu {platform.machine()} {torch.backends.cpu.get_cpu_capability()}", "threads": threads,
        "numpy": version("numpy"), "torch": version("torch"),
    }  # fmt: skip
    torch.set_num_threads(threads + 1)
    assert of(name) == found | {"threads": threads + 1}


def test_on_a_gpu_its_generation_decides_and_no_threads(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    found = of("learns")
    assert found["device"] == "cuda 9.0" and "threads" not in found and {"cuda", "tf32", "torch"} <= found.keys()
    assert of("pastes")["device"] == f"cpu {platform.machine()}", "what is not computed with PyTorch has no GPU"


def computed(*modules: str) -> bool:
    """Run a stage of one item; whether it was computed, not taken from the store."""
    calls = []

    def compute(batch):
        calls.append(batch)
        return [Result({"out": b"result"}, {}) for _ in batch]

    items = [Item("a", {}, {"out": Path("out.txt")})]
    run_items("stage", [f"stages.{module}" for module in modules], items, {}, {}, compute, Path("record.json"))
    return bool(calls)


@pytest.mark.parametrize(
    ("module", "library", "decides"),
    [
        ("pastes", "opencv-python-headless", True),
        ("pastes", "numpy", True),
        ("pastes", "torch", False),
        ("learns", "torch", True),
        ("learns", "opencv-python-headless", False),
    ],
)
def test_another_version_of_what_computes_is_served_nothing_that_is_stored(monkeypatch, module, library, decides):
    assert computed(module) and not computed(module)
    monkeypatch.setattr(environment, "version", lambda name: "0.0" if name == library else version(name))
    assert computed(module) == decides
    monkeypatch.undo()


def test_another_number_of_threads_is_served_nothing_that_is_stored(threads):
    assert computed("learns") and computed("pastes")
    torch.set_num_threads(threads + 1)
    assert computed("learns") and not computed("pastes")
    torch.set_num_threads(threads)
    assert not computed("learns"), "what was computed with so many threads is still there"
