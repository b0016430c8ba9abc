"""Networks whose convolutions run in bfloat16 against themselves in float32."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from stages.nets.loading import load_generator, load_parser, load_perceptual
from stages.nets.precision import chosen, lowered, multiplies_bfloat16

CPU = torch.device("cpu")


def alike(a: torch.Tensor, b: torch.Tensor) -> float:
    return functional.cosine_similarity(a.flatten(), b.flatten(), dim=0).item()


@pytest.fixture(scope="module")
def face(weights):
    """A drawn face at 256 px with its F and W+."""
    generator = load_generator(weights / "mobilestylegan.safetensors", CPU)
    with torch.no_grad():
        w = generator.map(torch.randn(1, 512, generator=torch.Generator().manual_seed(0)))
        ws = (generator.mean_w + 0.7 * (w - generator.mean_w))[:, None].repeat(1, generator.n_styles, 1)
        f = generator.features(ws)
        return generator, ws, f, generator.render(f, ws, 256)


def test_names():
    assert chosen("float32", CPU) == torch.float32
    assert chosen("bfloat16", CPU) == torch.bfloat16
    assert chosen("auto", CPU) == (torch.bfloat16 if multiplies_bfloat16() else torch.float32)
    assert chosen("auto", torch.device("cuda")) == torch.float32, "no GPU was measured"


def test_only_a_copy_is_lowered_and_float32_stays_outside(small_generator, small_perceptual):
    for net in (small_generator, small_perceptual):
        before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        assert lowered(net, torch.float32) is net
        lowered(net, torch.bfloat16)
        assert all(
            tensor.dtype == torch.float32 and torch.equal(tensor, before[name])
            for name, tensor in net.state_dict().items()
        )
    generator, perceptual = (lowered(net, torch.bfloat16) for net in (small_generator, small_perceptual))
    ws = torch.randn(1, generator.n_styles, 512, generator=torch.Generator().manual_seed(0))
    image = generator.synthesis(ws)
    features = perceptual.features(image)
    assert {image.dtype, generator.features(ws).dtype, *(x.dtype for x in features)} == {torch.float32}
    assert generator.pca_components.dtype == torch.float32
    assert torch.equal(image, image.bfloat16().float()), "it did run in bfloat16"


def test_a_network_that_names_no_convolutions_stays_as_it_is():
    net = nn.Identity()
    assert lowered(net, torch.bfloat16) is net


@pytest.mark.weights
@pytest.mark.parametrize(("network", "least"), [("generator", 0.99), ("perceptual", 0.95), ("parser", 0.9)])
def test_gradients_point_the_same_way_and_repeat(weights, face, network, least):
    """Cosine to the float32 gradient, and three runs give one result to the bit.

    Measured: 0.995, 0.98 and 0.97. The parser's gradient is that rough in itself: noise of 1e-3 on the image turns it
    as much (0.97).
    """
    generator, ws, f, image = face
    goal = image.flip(3)
    parser = load_parser(weights / "bisenet19.safetensors", CPU)
    perceptual = load_perceptual(weights / "stlpips_vgg.safetensors", CPU)
    labels, reference = parser.logits(goal).argmax(1), perceptual.features(goal)

    def gradient(dtype):
        if network == "generator":
            net, leaves = lowered(generator, dtype), [t.clone().requires_grad_() for t in (f, ws)]
            loss = (net.render(*leaves, 256) - goal).square().mean()
        else:
            leaves = [image.clone().requires_grad_()]
            if network == "perceptual":
                net = lowered(perceptual, dtype)
                loss = net.distance(net.features(leaves[0]), reference).sum()
            else:
                loss = functional.cross_entropy(lowered(parser, dtype).logits(leaves[0]), labels)
        loss.backward()
        return torch.cat([leaf.grad.flatten() for leaf in leaves])

    low = gradient(torch.bfloat16)
    assert alike(gradient(torch.float32), low) > least
    assert all(torch.equal(low, gradient(torch.bfloat16)) for _ in range(2))


@pytest.mark.weights
def test_the_image_is_the_same_to_50_db(face):
    generator, ws, f, image = face
    error = (lowered(generator, torch.bfloat16).render(f, ws, 256) - image).square().mean() / 4
    assert -10 * error.log10() > 50
