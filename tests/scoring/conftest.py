"""These tests measure with this project's own metrics: another file in `stages/metrics` has a test of its own."""

import pytest

from stages import registry

METRICS = (
    "clip_image", "cmmd", "frechet", "identity", "identity_arcface", "iou", "kernel",
    "look_colour", "look_gram", "perceptual", "psnr", "rmse", "ssim", "vgg",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_metrics(monkeypatch):
    """Nothing but these is registered as a metric."""
    monkeypatch.setattr(
        "stages.registry.names", lambda room, names=registry.names: METRICS if room == "metrics" else names(room)
    )
