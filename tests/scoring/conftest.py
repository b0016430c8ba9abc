"""These tests measure with this project's own metrics: another file in `stages/metrics` has a test of its own."""

import pytest
from drawn_run import Run, drawn_judges, identify

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


@pytest.fixture
def judges(monkeypatch):
    """Judges that need no weights; an identity is a mean colour."""
    monkeypatch.setattr("stages.nets.dlib_faces.identifier", lambda *_: identify)
    return drawn_judges()


@pytest.fixture
def run(tmp_path):
    """Three images and the composites of two methods in a folder."""
    return Run(tmp_path)
