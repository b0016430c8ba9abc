"""MobileStyleGAN against a plain implementation, the OpenVINO runtime and Barbershop's published PCA."""

import math

import numpy as np
import pytest
import torch
from golden import GOLDEN
from support import ROOT
from torch import Tensor
from torch.nn import functional

from stages import registry
from stages.formats.archives import read_member
from stages.nets.loading import load_generator
from stages.nets.mobilestylegan_net import MobileStyleGAN


def plain_haar(x: Tensor) -> Tensor:
    ll, lh, hl, hh = x.chunk(4, 1)
    blocks = [ll + lh + hl + hh, ll + lh - hl - hh, ll - lh + hl - hh, ll - lh - hl + hh]
    return functional.pixel_shuffle(torch.stack(blocks, 2).flatten(1, 2) / 2, 2)


def plain_conv(x: Tensor, s: dict[str, Tensor], name: str, w: Tensor) -> Tensor:
    scale = w @ s[f"{name}.modulation.weight"].T + s[f"{name}.modulation.bias"]
    x = x * (scale / math.sqrt(9 * x.shape[1]))[:, :, None, None]
    if name == "first":
        x = functional.conv2d(x, s["first.weight"], padding=1)
    else:
        x = functional.conv2d(x, s[f"{name}.depthwise"], padding=1, groups=x.shape[1])
        x = functional.conv2d(x, s[f"{name}.pointwise"][:, :, None, None])
    x = x + s[f"{name}.activation.noise"] + s[f"{name}.activation.bias"][:, None, None]
    return functional.leaky_relu(x, 0.2)


def plain_synthesis(net: MobileStyleGAN, ws: Tensor, f: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """F and image, layer by layer in PyTorch's default layout, after the design's description."""
    s = net.state_dict()
    x = plain_conv(s["first.input"], s, "first", ws[:, 0])
    for i in range(len(net.blocks)):
        w1, w2 = ws[:, 2 * i + 1], ws[:, 2 * i + 2]
        if i == 3:
            f = x if f is None else f
            x = f
        up = w1 @ s[f"blocks.{i}.up.modulation.weight"].T + s[f"blocks.{i}.up.modulation.bias"]
        x = plain_haar(x * up[:, :, None, None])
        x = plain_conv(plain_conv(x, s, f"blocks.{i}.conv1", w1), s, f"blocks.{i}.conv2", w2)
    scale = ws[:, -1] @ s["to_image.modulation.weight"].T + s["to_image.modulation.bias"]
    x = functional.conv2d(x * (scale / math.sqrt(x.shape[1]))[:, :, None, None], s["to_image.weight"][:, :, None, None])
    return f, plain_haar(x + s["to_image.bias"][:, None, None])


@pytest.fixture
def ws(small_generator) -> Tensor:
    return torch.randn(2, small_generator.n_styles, 512, generator=torch.Generator().manual_seed(1))


def relative(a: Tensor, b: Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


def test_matches_plain_implementation(small_generator, ws):
    f, image = plain_synthesis(small_generator, ws)
    assert relative(small_generator.features(ws), f) < 1e-5
    assert relative(small_generator.render(f, ws), image) < 1e-5


def test_gradients_match_plain_implementation(small_generator, ws):
    ours, plain = ws.clone().requires_grad_(), ws.clone().requires_grad_()
    small_generator.render(small_generator.features(ours), ours).square().mean().backward()
    plain_synthesis(small_generator, plain)[1].square().mean().backward()
    assert relative(ours.grad, plain.grad) < 1e-4


def test_gradient_of_f_matches_plain_implementation(small_generator, ws):
    f = small_generator.features(ws)
    ours, plain = f.clone().requires_grad_(), f.clone().requires_grad_()
    small_generator.render(ours, ws).square().mean().backward()
    plain_synthesis(small_generator, ws, plain)[1].square().mean().backward()
    assert relative(ours.grad, plain.grad) < 1e-4


def noise_named(net: MobileStyleGAN, drawn: list[Tensor]) -> dict[str, Tensor]:
    """The state dict's noise maps (B, 1, h, w), at their own strength, for maps of variance 1."""
    own = {name: tensor for name, tensor in net.state_dict().items() if name.endswith("activation.noise")}
    return {
        name: noise * tensor.square().mean().sqrt() for (name, tensor), noise in zip(own.items(), drawn, strict=True)
    }


def test_given_noise_and_its_gradient_match_plain_implementation(small_generator, ws, monkeypatch):
    """Maps of each item's own; 1e-5 on the image, 1e-4 on the gradient of every map, and of one that items share."""
    net, shared = small_generator, small_generator.draw_noise(4)
    drawn = [torch.cat([noise, -noise.flip(2)]) for noise in shared]
    ours, plain = ([noise.clone().requires_grad_() for noise in drawn] for _ in range(2))
    state = net.state_dict() | noise_named(net, plain)
    image = net.synthesis(ws, noise=ours)
    with monkeypatch.context() as patch:
        patch.setattr(net, "state_dict", lambda: state)
        expected = plain_synthesis(net, ws)[1]
    assert relative(image, expected) < 1e-5
    assert relative(net.synthesis(ws, 32, ours), functional.avg_pool2d(expected, 4)) < 1e-5
    for picture in (image, expected):
        picture.square().mean().backward()
    for a, b in zip(ours, plain, strict=True):
        assert relative(a.grad, b.grad) < 1e-4

    together = [noise.clone().requires_grad_() for noise in shared]
    split = [noise.repeat(2, 1, 1, 1).requires_grad_() for noise in shared]
    for maps in (together, split):
        net.synthesis(ws, noise=maps).square().mean().backward()
    for a, b in zip(together, split, strict=True):
        assert relative(a.grad, b.grad.sum(0, keepdim=True)) < 1e-4


def test_drawn_noise_is_repeatable(small_generator):
    first, again, other = (torch.cat([n.flatten() for n in small_generator.draw_noise(seed)]) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("size", [64, 32, 16])
def test_smaller_render_is_area_average(small_generator, ws, size):
    f = small_generator.features(ws)
    full = small_generator.render(f, ws)
    assert relative(small_generator.render(f, ws, size), functional.avg_pool2d(full, 128 // size)) < 1e-5


@pytest.mark.parametrize("size", [48, 256])
def test_impossible_size_is_refused(small_generator, ws, size):
    with pytest.raises(ValueError, match=str(size)):
        small_generator.render(small_generator.features(ws), ws, size)


def test_styles_act_on_their_side_of_the_split(small_generator, ws):
    early, late = ws.clone(), ws.clone()
    early[:, :7] += 1
    late[:, 7:] += 1
    f = small_generator.features(ws)
    assert torch.equal(small_generator.features(late), f)
    assert torch.equal(small_generator.render(f, early), small_generator.render(f, ws))


def test_items_of_a_batch_are_independent(small_generator, ws):
    together = small_generator.render(small_generator.features(ws), ws)
    alone = torch.cat([small_generator.render(small_generator.features(w[None]), w[None]) for w in ws])
    assert relative(together, alone) < 1e-5


@pytest.fixture(scope="module")
def real(weights) -> MobileStyleGAN:
    return load_generator(weights / "mobilestylegan.safetensors", torch.device("cpu"))


@pytest.mark.weights
@torch.no_grad()
def test_real_weights_match_openvino(real, tmp_path):
    """1e-5 on w; 1e-4 on the image in [0, 1] at truncation 0.7, as faces are drawn.

    Measured in [-1, 1]: ours is up to 6e-5 off a float64 run, OpenVINO up to 1.9e-4 (without truncation).
    """
    import openvino

    archive = ROOT / "data" / "packages" / registry.load("networks", "mobilestylegan").origin.file
    for name in ("MappingNetwork", "SynthesisNetwork"):
        for suffix in ("xml", "bin"):
            (tmp_path / f"{name}.{suffix}").write_bytes(read_member(archive, f"random_face/data/{name}.{suffix}"))
    core = openvino.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    mapping, synthesis = (
        core.compile_model(tmp_path / f"{name}.xml", "CPU", exact) for name in ("MappingNetwork", "SynthesisNetwork")
    )
    z = torch.randn(3, 512, generator=torch.Generator().manual_seed(0))
    for row in z:
        w = real.map(row[None])
        assert np.abs(mapping(row[None].numpy())[0] - w.numpy()).max() < 1e-5
        w = torch.lerp(real.mean_w, w, 0.7)
        ws = w[:, None].repeat(1, real.n_styles, 1)
        image = real.render(real.features(ws), ws)
        assert np.abs(synthesis(w.numpy())[0] - image.numpy()).max() / 2 < 1e-4


@pytest.mark.weights
@torch.no_grad()
def test_real_weights_match_float64(real):
    """1e-4 on the image in [-1, 1]: what is left is float32's own rounding."""
    exact = MobileStyleGAN().double()
    exact.load_state_dict(real.state_dict())
    ws = real.map(torch.randn(1, 512, generator=torch.Generator().manual_seed(0)))[:, None].repeat(1, 16, 1)
    image = exact.render(exact.features(ws.double()), ws.double())
    assert (real.render(real.features(ws), ws) - image).abs().max() < 1e-4


@pytest.mark.weights
def test_pca_of_w_matches_barbershops(real):
    published = np.load(GOLDEN / "ffhq_PCA.npz")
    cosines = (real.pca_components[:10].double().numpy() * published["X_comp"][:10]).sum(1)
    assert np.abs(cosines).min() > 0.99
    np.testing.assert_allclose(real.pca_stdev[:10], published["X_stdev"][:10], rtol=0.01)
