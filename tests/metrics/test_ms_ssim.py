"""MS-SSIM against values of the package pytorch-msssim 1.0.0, and its properties."""

import numpy as np
import pytest

from stages.metrics.ms_ssim import ENTRY, ms_ssim
from stages.scoring.metric_names import setup_of


def images(size, seed, noise):
    """An image of blocks, and the same with noise."""
    rng = np.random.default_rng(seed)
    image = np.kron(rng.random((size // 8, size // 8, 3)), np.ones((8, 8, 1)))
    return image, np.clip(image + noise * rng.standard_normal(image.shape), 0, 1)


@pytest.mark.parametrize(
    ("size", "seed", "noise", "expected"),
    [(256, 0, 0.05, 0.9912823674877406), (256, 1, 0.2, 0.9284728515976509), (512, 3, 0.5, 0.7448187384620392)],
)
def test_it_agrees_with_the_reference_package(size, seed, noise, expected):
    """To 1e-6: the package's window is float32."""
    assert ms_ssim(*images(size, seed, noise)) == pytest.approx(expected, abs=1e-6)


def test_identical_images_have_1_and_order_does_not_matter():
    a, b = images(256, 4, 0.3)
    assert ms_ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(a, b) == pytest.approx(ms_ssim(b, a), abs=1e-12)
    assert 0 <= ms_ssim(a, 1 - a) < 0.1


def test_images_that_are_too_small_are_refused_and_not_named(refused):
    a, b = images(128, 0, 0.1)
    refused("MS-SSIM needs at least 176x176 pixels, not 128x128", ms_ssim, a, b, error=ValueError)
    params = {"networks": {"judges": ["stlpips_vgg"], "judge_parsers": [], "parser": "bisenet19"}}
    score = {"size": 128, "inception": None, "clip": [], "arcface": None, "identity": True}
    assert ENTRY.names(setup_of(params | {"score": score})) == []
    assert ENTRY.names(setup_of(params | {"score": score | {"size": 256}})) == ["MS-SSIM@256"]
