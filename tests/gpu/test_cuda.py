"""What a GPU computes against what the CPU does. `benchmarks/gpu.sh run` runs these where there is one."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from stages.codes.embedding import FSCode, Objective, embed_fs, embed_w, render_code, w_to_code
from stages.nets.device import allow_tf32
from stages.nets.loading import load_generator, load_parser, load_perceptual

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU; benchmarks/gpu.sh says how to reach one"),
]

CPU, GPU = torch.device("cpu"), torch.device("cuda")
LOADERS = {"mobilestylegan": load_generator, "bisenet19": load_parser, "stlpips_vgg": load_perceptual}
EXACT = 1e-4  # largest difference of float32 results, as a share of the largest value


@pytest.fixture(autouse=True)
def float32():
    allow_tf32(False)
    yield
    allow_tf32(False)


def drawn(generator, count: int) -> Tensor:
    """W+ of seeded draws (count, styles, 512), on the generator's device."""
    z = torch.randn(count, 512, generator=torch.Generator().manual_seed(0)).to(generator.mean_w.device)
    w = torch.lerp(generator.mean_w, generator.map(z), 0.7)
    return w[:, None].repeat(1, generator.n_styles, 1)


def apart(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference as a share of the largest value."""
    return ((ours.cpu() - theirs.cpu()).abs().max() / theirs.abs().max().cpu()).item()


@pytest.fixture(scope="module")
def nets(weights):
    """The real networks on the CPU and on the GPU."""
    return {
        name: tuple(load(weights / f"{name}.safetensors", device) for device in (CPU, GPU))
        for name, load in LOADERS.items()
    }


@pytest.fixture(scope="module")
def image(nets):
    with torch.no_grad():
        generator = nets["mobilestylegan"][0]
        return generator.synthesis(drawn(generator, 1))


@torch.no_grad()
def test_renders_are_those_of_the_cpu(nets):
    cpu, gpu = nets["mobilestylegan"]
    assert apart(gpu.synthesis(drawn(cpu, 2).to(GPU)), cpu.synthesis(drawn(cpu, 2))) < EXACT


@torch.no_grad()
@pytest.mark.parametrize("name", ["bisenet19", "stlpips_vgg"])
def test_what_networks_see_is_what_they_see_on_the_cpu(nets, image, name):
    of_cpu, of_gpu = (
        (net.logits(given),) if name == "bisenet19" else net.features(given)
        for net, given in zip(nets[name], (image[..., ::4, ::4], image[..., ::4, ::4].to(GPU)), strict=True)
    )
    assert all(apart(ours, theirs) < EXACT for ours, theirs in zip(of_gpu, of_cpu, strict=True))


@torch.no_grad()
def test_tf32_is_off_unless_asked_for(nets, image):
    cpu, gpu = nets["stlpips_vgg"]
    expected, given = cpu.features(image[..., ::4, ::4]), image[..., ::4, ::4].to(GPU)
    exact = apart(gpu.features(given)[-1], expected[-1])
    allow_tf32(True)
    rounded = apart(gpu.features(given)[-1], expected[-1])
    assert exact < EXACT and rounded > 5 * exact, "TF32 keeps 10 bits of 23"


def test_the_gradient_of_an_embeddings_loss_is_that_of_the_cpu(nets, image):
    gradients = []
    for generator, perceptual in zip(nets["mobilestylegan"], nets["stlpips_vgg"], strict=True):
        with torch.no_grad():
            code = w_to_code(generator, drawn(generator, 2)[1:])
        leaves = [leaf.detach().clone().requires_grad_() for leaf in code]
        small = render_code(generator, FSCode(*leaves), 256)
        goal = torch.nn.functional.interpolate(image.to(small.device), size=256, mode="area")
        loss = (small - goal).square().mean() + perceptual.distance(
            perceptual.features(small), perceptual.features(goal)
        ).sum()
        loss.backward()
        gradients.append([leaf.grad for leaf in leaves])
    assert all(apart(ours, theirs) < 10 * EXACT for theirs, ours in zip(*gradients, strict=True))


def test_an_item_does_not_depend_on_its_batch(small_generator, small_perceptual):
    """Three faces at once and each alone, from a start to codes; a GPU may choose other kernels for another batch."""
    generator, perceptual = (copy.deepcopy(net).to(GPU) for net in (small_generator, small_perceptual))
    with torch.no_grad():
        images = generator.synthesis(drawn(generator, 3))
    w_params = {"preview_steps": 0, "preview_every": 1, "steps": 3, "rate": 0.03, "betas": [0.5, 0.9]}
    w_params |= {"orthogonal": False, "mse": 10.0, "perceptual": 1.0, "p_norm": 1e-4}
    fs_params = {"steps": 3, "rate_f": 0.1, "rate_s": 0.01, "betas": [0.5, 0.8], "orthogonal": False, "mse": 30.0}
    fs_params |= {"perceptual": 1.0, "l_f": 0.01, "p_norm": 0.0}

    def embedded(goal: Tensor) -> Tensor:
        objective = Objective(generator, perceptual, goal, "paper")
        ws, _ = embed_w(generator, objective, w_params)
        code, _ = embed_fs(generator, objective, ws, fs_params)
        with torch.no_grad():
            return render_code(generator, code)

    whole, alone = embedded(images), torch.cat([embedded(images[k : k + 1]) for k in range(3)])
    assert apart(whole, alone) < 0.01


@torch.no_grad()
def test_metrics_are_those_of_the_cpu(nets, image):
    moved = image.roll(8, -1)
    values = []
    for net, device in zip(nets["stlpips_vgg"], (CPU, GPU), strict=True):
        a, b = (net.features(each[..., ::4, ::4].to(device)) for each in (image, moved))
        values.append(net.distance(a, b).item())
    assert values[1] == pytest.approx(values[0], rel=EXACT)
    assert np.isfinite(values).all() and values[0] > 0
