"""BiSeNet against values of the official code, and against its label maps of six real photos."""

import numpy as np
import pytest
import torch
from golden import FORWARD, GRADIENT, bisenet_value, golden_json, load_filled, relative, vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import PHOTOS, SHARED, needs_photos

from stages.codes.reduction import bicubic
from stages.formats.images import read_rgb
from stages.formats.tensors import from_rgb
from stages.nets.bisenet import BiSeNet, merge_logits
from stages.nets.loading import load_parser
from stages.regions.labels import CELEBAMASK_16, CELEBAMASK_19, to_16


@pytest.fixture(scope="module")
def parser(weights):
    return load_parser(weights / "bisenet19.safetensors", torch.device("cpu"))


@pytest.mark.weights
@needs_photos
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
@torch.no_grad()
def test_label_maps_agree_with_the_official_code(parser, photo):
    """≥ 99.5 %: the official code shrinks the photo bicubically and ours by area, so borders differ by a pixel."""
    labels = parser.logits(from_rgb(read_rgb(photo), torch.device("cpu"))).argmax(1)[0].numpy()
    golden = np.asarray(Image.open(SHARED / "golden" / "vectors" / f"bisenet19_real_{photo.stem}.png"))
    assert (labels == golden).mean() >= 0.995


@pytest.mark.weights
@needs_photos
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
@torch.no_grad()
def test_label_maps_are_the_official_codes_after_its_reduction(parser, photo):
    """At most 40 pixels, as the golden README accepts: some have a margin below 1e-3 between two labels."""
    image = bicubic(from_rgb(read_rgb(photo), torch.device("cpu")), parser.size)
    labels = parser.logits(image).argmax(1)[0].numpy()
    golden = np.asarray(Image.open(SHARED / "golden" / "vectors" / f"bisenet19_real_{photo.stem}.png"))
    assert (labels != golden).sum() <= 40


@pytest.mark.weights
def test_gradients_repeat_exactly(parser):
    """oneDNN's own gradient of a convolution on one pixel gave 4 results in 25 repetitions."""
    image = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(0)).requires_grad_()
    gradients = []
    for _ in range(12):
        image.grad = None
        parser.logits(image).square().mean().backward()
        gradients.append(image.grad.clone())
    assert all(torch.equal(gradient, gradients[0]) for gradient in gradients)


@pytest.mark.weights
def test_a_render_at_512_parses_as_one_at_1024(parser):
    image = torch.rand(1, 3, 1024, 1024, generator=torch.Generator().manual_seed(0)) * 2 - 1
    small = torch.nn.functional.avg_pool2d(image, 2)
    torch.testing.assert_close(parser.logits(small), parser.logits(image), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scheme", [CELEBAMASK_16, CELEBAMASK_19], ids=len)
def test_logits_match_the_official_code(scheme):
    golden = vectors(f"bisenet{len(scheme)}")
    net = load_filled(BiSeNet(scheme), bisenet_value, f"bisenet{len(scheme)}")
    x = vectors("bisenet16")["x"].requires_grad_()
    out = net.raw_logits(x)
    out.square().mean().backward()
    assert relative(out.detach(), golden["out"]) < FORWARD
    first, second = golden["out"].topk(2, 1).values.unbind(1)
    sure = first - second > 1e-3  # where labels are nearer to each other, last digits may decide
    assert sure.float().mean() > 0.999
    assert torch.equal(out.argmax(1)[sure], golden["argmax"].long()[sure])
    assert relative(x.grad, golden["grad_x"]) < GRADIENT
    with torch.no_grad():
        out16, out32 = net.auxiliary_logits(x)
    assert relative(out16[:, :, ::2, ::2], golden["out16_sub2"]) < FORWARD
    assert relative(out32[:, :, ::2, ::2], golden["out32_sub2"]) < FORWARD


@pytest.mark.parametrize("scheme", [CELEBAMASK_16, CELEBAMASK_19], ids=len)
def test_state_dict_is_the_official_codes(scheme):
    keys = golden_json("bisenet_keys")[f"n_classes_{len(scheme)}"]
    with torch.device("meta"):
        state = BiSeNet(scheme).state_dict()
    assert {key: list(tensor.shape) for key, tensor in state.items()} == {key: shape for key, shape, _ in keys}


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 30))
def test_merged_probabilities_are_sums(seed, scale):
    logits = torch.randn(2, 19, 3, 4, generator=torch.Generator().manual_seed(seed)).double() * scale
    expected = torch.zeros(2, 16, 3, 4, dtype=torch.float64)
    expected.index_add_(1, torch.from_numpy(to_16(np.arange(19))).long(), logits.softmax(1))
    torch.testing.assert_close(merge_logits(logits).softmax(1), expected)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_merged_argmax_is_the_merged_label_where_that_has_the_majority(seed):
    logits = torch.randn(1, 19, 8, 8, generator=torch.Generator().manual_seed(seed)) * 5
    sure = logits.softmax(1).amax(1) > 0.5
    merged = torch.from_numpy(to_16(logits.argmax(1).numpy())).long()
    assert torch.equal(merge_logits(logits).argmax(1)[sure], merged[sure])


def test_labels_keep_their_names():
    """Left and right become one; every other label keeps its name."""
    for i, name in enumerate(CELEBAMASK_19.labels):
        merged = CELEBAMASK_16.labels[to_16(np.array(i))]
        side, _, part = name.partition("_")
        assert merged == (f"{part}s" if side in ("left", "right") else name)
    assert to_16(np.arange(19)).tolist() == [0, 1, 5, 5, 4, 4, 3, 6, 6, 12, 2, 7, 8, 9, 14, 13, 15, 10, 11]


@pytest.mark.parametrize("region", CELEBAMASK_19.regions)
def test_regions_are_the_same_in_both_schemes(region):
    assert set(CELEBAMASK_16.indices(region)) == {int(to_16(np.array(i))) for i in CELEBAMASK_19.indices(region)}


def test_unclamped_logits_see_what_leaves_the_range():
    net = load_filled(BiSeNet(CELEBAMASK_16), bisenet_value, "bisenet16")
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 3 - 1.5
    with torch.no_grad():
        clamped = net.logits(image)
        assert clamped.shape == (1, 16, 512, 512)
        torch.testing.assert_close(net.logits(image.clamp(-1, 1), clamp=False), clamped)
        assert relative(net.logits(image, clamp=False), clamped) > 1e-3
