"""The encoders of pSp and e4e against the official code's values."""

import numpy as np
import pytest
import torch
from golden import (
    FORWARD,
    check,
    checked,
    encoder_value,
    filled,
    golden_json,
    load_filled,
    normal,
    relative,
    stylegan2_value,
    vectors,
)
from PIL import Image
from torch import Tensor

from stages.formats.tensors import from_rgb
from stages.nets.psp_net import ENCODERS, GradualStyleEncoder, Levels, progressive, rows_of_state
from stages.nets.stylegan2_net import StyleGAN2

STATISTICS = ("mean_w", "pca_mean", "pca_components", "pca_stdev")
KINDS = {"psp": "GradualStyleEncoder", "e4e": "Encoder4Editing"}

# Relative errors (L2) that the vectors' README allows. A leaky ReLU that turns at a zero changes single gradients much.
IMAGE = 3e-5
GRADIENTS = {"chan_rms": 1e-4, "chan_mean": 1e-3, "sub4": 1e-2}
# Every so many channels and pixels of a map are kept.
KEPT = {"stem": (16, 8), "c1": (8, 4), "c2": (8, 2), "c3": (8, 1), "p2": (16, 4), "p1": (16, 8)}


def drawn(key: str, shape: tuple[int, ...], name: str) -> Tensor:
    """An input of the recipe, whose checksum is compared."""
    n = normal(key, shape)
    array = np.clip(np.float32(0.5) * n, -1, 1) if key.endswith("/x") else n * np.float32(0.5 if "avg" in key else 1)
    return checked(name, array)


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """The recipe's weights, a gigabyte: of both encoders the same."""
    with torch.device("meta"):
        empty = GradualStyleEncoder().state_dict()
    state, found = filled({key: tensor for key, tensor in empty.items() if key != "latent_avg"}, encoder_value)
    check("psp_encoder", found)
    return state | {"latent_avg": drawn("latent_avg", (18, 512), "psp_latent_avg")}


class Run:
    """An encoder's maps and codes, and the gradient of the codes' mean square; image by image, as memory is short."""

    def __init__(self, name: str, weights: dict[str, Tensor]) -> None:
        self.golden = vectors(f"{name}")
        with torch.device("meta"):
            net = ENCODERS[KINDS[name]]()
        net.load_state_dict(weights, assign=True)
        self.net: GradualStyleEncoder = net.eval().requires_grad_(False)
        self.images = drawn(f"input/{name}/x", (2, 3, 256, 256), f"{name}_x").requires_grad_()
        parts: list[dict[str, Tensor]] = []
        losses = []
        for image in self.images.split(1):
            features = net.features(image)
            pyramid = net.pyramid(features)
            heads = net.heads(pyramid)
            codes = net.rows(heads)
            losses.append(codes.square().mean())
            (losses[-1] / 2).backward()
            found = {"heads": heads, "codes": codes, "p2": pyramid.middle, "p1": pyramid.fine}
            found |= {"c1": features.fine, "c2": features.middle, "c3": features.coarse}
            with torch.no_grad():
                parts.append({key: tensor.detach() for key, tensor in found.items()} | {"stem": net.input_layer(image)})
        self.found = {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
        self.loss = torch.stack(losses).mean().detach()


@pytest.fixture(scope="module")
def psp(weights) -> Run:
    return Run("psp", weights)


@pytest.fixture(scope="module")
def e4e(weights) -> Run:
    return Run("e4e", weights)


@pytest.fixture(params=KINDS)
def run(request) -> Run:
    return request.getfixturevalue(request.param)


def test_codes_match(run):
    assert relative(run.found["codes"], run.golden["codes"]) < FORWARD
    latents = run.found["codes"] + run.net.latent_avg
    assert relative(latents, run.golden["latents"]) < FORWARD
    assert relative(run.loss, run.golden["loss"]) < FORWARD


def test_maps_match(run):
    compared = set()
    for name, (channels, pixels) in KEPT.items():
        found = run.found[name]
        for key, part in {
            "sub": found[:, ::channels, ::pixels, ::pixels],
            "chan_mean": found.mean((0, 2, 3)),
            "chan_rms": found.square().mean((0, 2, 3)).sqrt(),
        }.items():
            if (full := f"{name}_{key}") in run.golden:
                compared.add(full)
                assert relative(part, run.golden[full]) < FORWARD, full
    assert compared == {key for key in run.golden if key.partition("_")[0] in KEPT}


def test_gradient_of_the_image_matches(run):
    gradient = run.images.grad
    found = {
        "chan_rms": gradient.square().mean((0, 2, 3)).sqrt(),
        "chan_mean": gradient.mean((0, 2, 3)),
        "sub4": gradient[:, :, ::4, ::4],
    }
    for key, tolerance in GRADIENTS.items():
        assert relative(found[key], run.golden[f"grad_x_{key}"]) < tolerance, key


def test_a_head_of_psp_is_its_row(psp):
    assert torch.equal(psp.found["codes"], psp.found["heads"])


def test_heads_and_stages_of_e4e_match(e4e):
    heads = e4e.found["heads"]
    assert relative(heads, e4e.golden["deltas"]) < FORWARD
    for stage in (0, 5):
        assert relative(progressive(heads[:1], stage), e4e.golden[f"codes_stage{stage}"]) < FORWARD


@torch.no_grad()
def test_what_the_codes_render_to_matches(psp):
    """A smaller generator has fewer rows; a head does not depend on how many there are. Mixed as the official code."""
    golden, decoder = psp.golden, load_filled(StyleGAN2(64), stylegan2_value, "stylegan2_64", STATISTICS)
    latents = (psp.found["codes"] + psp.net.latent_avg)[:, :10]
    assert relative(latents, golden["psp64_latents"]) < FORWARD
    assert relative(decoder.synthesis(latents), golden["psp64_image"]) < IMAGE
    injected = checked("psp_inject", normal("input/psp/inject", (1, 10, 512)))
    mixed, cut = latents[:1].clone(), latents[:1].clone()
    mixed[:, 7:10] = 0.25 * injected[:, 7:10] + 0.75 * mixed[:, 7:10]
    cut[:, 7:10] = 0
    assert relative(mixed, golden["mix_latents"]) < FORWARD
    assert relative(decoder.synthesis(mixed), golden["mix_image"]) < IMAGE
    assert relative(decoder.synthesis(cut), golden["mask_zero_image"]) < IMAGE


@torch.no_grad()
def test_a_larger_image_is_reduced_as_pillow_does_it(psp, monkeypatch):
    """Pillow rounds to 8 bits after each of its two passes: at most one level of difference."""
    pixels = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)
    seen = []
    monkeypatch.setattr(psp.net, "features", lambda image: seen.append(image) or Levels(image, image, image))
    monkeypatch.setattr(psp.net, "pyramid", lambda levels: levels)
    monkeypatch.setattr(psp.net, "heads", lambda levels: torch.zeros(1, 18, 512))
    assert torch.equal(psp.net.codes(from_rgb(pixels, torch.device("cpu")))[0], psp.net.latent_avg)
    wanted = from_rgb(
        np.array(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BILINEAR)), torch.device("cpu")
    )
    assert ((seen[0] - wanted).abs() * 127.5).max() <= 1


@pytest.mark.parametrize("name", KINDS)
def test_state_dict_is_a_checkpoints(name):
    keys = golden_json(f"{name}_keys")
    with torch.device("meta"):
        state = ENCODERS[KINDS[name]]().state_dict()
    assert list(state.pop("latent_avg").shape) == keys["top_level"]["latent_avg"]
    assert {key: list(tensor.shape) for key, tensor in state.items()} == {
        key: shape for key, shape, _ in keys["encoder"]
    }
    assert rows_of_state(state) == 18
    assert rows_of_state({"conv1.conv.weight": torch.zeros(1)}) == 0


def test_rows_behind_the_stage_are_the_first(e4e):
    heads = e4e.found["heads"]
    assert torch.equal(e4e.found["codes"], progressive(heads, 17))
    for stage in (0, 5):
        rows = progressive(heads, stage)
        assert torch.equal(rows[:, : stage + 1], e4e.found["codes"][:, : stage + 1])
        assert torch.equal(rows[:, stage + 1 :], heads[:, :1].expand(-1, 17 - stage, -1))
