"""BiSeNet-19 against label maps that the official code made of six real photos."""

import numpy as np
import pytest
import torch
from PIL import Image
from support import SHARED

from stages.files import read_rgb
from stages.nets import load_parser
from stages.tensors import from_rgb

PHOTOS = sorted((SHARED / "photos").glob("*.jpg"))


@pytest.fixture(scope="module")
def parser(weights):
    return load_parser(weights / "bisenet19.safetensors", torch.device("cpu"))


@pytest.mark.weights
@pytest.mark.skipif(not PHOTOS, reason="../shared is not there")
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
@torch.no_grad()
def test_label_maps_agree_with_the_official_code(parser, photo):
    """≥ 99.5 %: the official code shrinks the photo bicubically and ours by area, so borders differ by a pixel."""
    labels = parser.logits(from_rgb(read_rgb(photo), torch.device("cpu"))).argmax(1)[0].numpy()
    golden = np.asarray(Image.open(SHARED / "golden" / "vectors" / f"bisenet19_real_{photo.stem}.png"))
    assert (labels == golden).mean() >= 0.995


@pytest.mark.weights
def test_a_render_at_512_parses_as_one_at_1024(parser):
    image = torch.rand(1, 3, 1024, 1024, generator=torch.Generator().manual_seed(0)) * 2 - 1
    small = torch.nn.functional.avg_pool2d(image, 2)
    torch.testing.assert_close(parser.logits(small), parser.logits(image), rtol=1e-4, atol=1e-4)
