"""The project's own encoder: what it reads and gives, what its teacher draws, and that it learns."""

import pytest
import torch
from codes_pyramid import Pyramid
from torch.nn import functional

from stages.codes import encoder_training as training
from stages.codes import spoil
from stages.codes.embedding import FSCode, render_code
from stages.codes.encoding import encoded
from stages.codes.reduction import area
from stages.nets.encoder_net import IMAGE_SIZE, SIZES, SLOPE, FaceEncoder, prepared

PARAMS = {
    "seed": 0, "width": 16, "depth": 1, "rank": 4, "store": 24, "fresh": 2, "batch": 8, "steps": 60,
    "render_steps": 0, "rate": 0.003, "felt": 2, "truth": 0.3, "mse": 5.0,
}  # fmt: skip


@pytest.fixture
def teacher(small_generator):
    return training.Teacher(small_generator, small_generator, Pyramid(), 0)


def test_features_of_odd_sizes_are_brought_to_those_of_f_and_its_multiples():
    found = prepared(Pyramid().features(torch.zeros(1, 3, 256, 256)))
    assert [x.shape[1:] for x in found] == [(c, s, s) for c, s in zip(Pyramid.channels[1:], SIZES, strict=True)]


def test_the_teacher_knows_the_truth(teacher, small_generator, monkeypatch):
    monkeypatch.setattr(spoil, "OFTEN", 0.0)
    known = []
    monkeypatch.setattr(
        teacher, "codes", lambda count: known.append(training.Teacher.codes(teacher, count)) or known[-1]
    )
    drawn = teacher.draw(6)
    ws = known.pop()
    torch.testing.assert_close(
        small_generator.features(ws), functional.leaky_relu(drawn.f, SLOPE), rtol=1e-3, atol=1e-3
    )
    image = small_generator.synthesis(ws).clamp(-1, 1)
    torch.testing.assert_close(functional.interpolate(image, IMAGE_SIZE), drawn.image, rtol=1e-3, atol=1e-3)
    assert (ws != ws[:, :1]).flatten(1).any(1).tolist().count(True) in range(1, 6), "some have mixed styles"
    assert drawn.true.tolist() == [1] * 6 and teacher.drawn == 6
    lit = teacher.draw(2, in_own_light=False)
    assert lit.true.tolist() == [0, 0]
    shown = small_generator.synthesis(known.pop()).clamp(-1, 1)
    assert (functional.interpolate(shown, IMAGE_SIZE) - lit.image).abs().mean() > 0.02


def test_the_metric_is_what_a_render_feels(teacher):
    """Of a linear render, JᵀJ is known: the channels' own matrix, as every place counts alike."""
    gaussian = torch.Generator().manual_seed(1)
    mix = torch.randn(3, 8, generator=gaussian)

    class Linear:
        def features(self, ws):
            return torch.zeros(len(ws), 8, 32, 32)

        def render(self, f, ws, size):
            return functional.interpolate(torch.einsum("dc,bchw->bdhw", mix, f), size=size)

    teacher.generator = Linear()
    root = training.felt_metric(teacher, 4)
    expected = mix.T @ mix
    torch.testing.assert_close(root @ root, expected / expected.trace(), atol=0.03, rtol=0)


def test_it_learns_what_faces_it_has_not_seen_are_made_of(teacher, small_generator):
    """Held-out draws against the mean F; seeded weights show little of F."""
    encoder = training.train(teacher, {**PARAMS, "steps": 200, "rate": 0.01}, torch.float32)
    drawn = training.Teacher(small_generator, small_generator, teacher.perceptual, 99).draw(16)
    code = encoded(encoder, teacher.perceptual, small_generator, drawn.image)
    assert torch.equal(code.s, small_generator.mean_w.expand(16, 3, 512))
    mean, f = functional.leaky_relu(encoder.mean_f, SLOPE), functional.leaky_relu(drawn.f, SLOPE)
    assert (code.f - f).square().mean() < 0.97 * (mean - f).square().mean()


def test_the_render_is_compared_as_an_embedding_does(teacher, small_generator):
    store = training.Store(teacher, 4, 4)
    terms = training.Terms(teacher, store, training.untrained(teacher, store, PARAMS), PARAMS)
    drawn, f = store.some(2), torch.randn(2, 8, 32, 32, generator=torch.Generator().manual_seed(2))
    code = FSCode(f, small_generator.mean_w.expand(2, 3, 512))
    image = area(render_code(small_generator, code), IMAGE_SIZE)
    features = [teacher.perceptual.features(x) for x in (image, drawn.image)]
    expected = 5 * (image - drawn.image).square().mean((1, 2, 3)) + teacher.perceptual.distance(*features)
    torch.testing.assert_close(terms.of_render(f, drawn), expected)


def test_the_same_seed_gives_the_same_weights_and_renders_count(teacher, small_generator):
    short = {**PARAMS, "steps": 2, "render_steps": 2, "store": 8}
    weights = []
    for seed in (0, 0, 1):
        own = training.Teacher(small_generator, small_generator, Pyramid(), seed)
        steps = []
        net = training.train(
            own, {**short, "seed": seed}, torch.float32, lambda n, of, losses, to=steps: to.append((n, of, len(losses)))
        )
        assert steps == [(1, 4, 8), (2, 4, 8), (3, 4, 4), (4, 4, 4)]
        weights.append(net.state_dict())
    assert all(torch.equal(x, weights[1][name]) for name, x in weights[0].items())
    assert not torch.equal(weights[0]["to_f.weight"], weights[2]["to_f.weight"])


def test_an_untrained_encoder_is_about_the_mean_code(teacher):
    store = training.Store(teacher, 24, 4)
    encoder = training.untrained(teacher, store, PARAMS)
    torch.nn.init.zeros_(encoder.to_f.weight), torch.nn.init.zeros_(encoder.to_f.bias)
    drawn = store.some(4)
    f = encoder(drawn.features, drawn.image)
    mean = torch.cat([draws.f.float() for draws in store.items]).mean(0)
    torch.testing.assert_close(f, functional.leaky_relu(mean, SLOPE).expand_as(f))


def test_the_linear_map_is_that_of_a_regression(teacher):
    """Without limit of rank, on all places of the draws: numpy's least squares says the same of what they show."""
    store = training.Store(teacher, 8, 4)
    encoder = training.untrained(teacher, store, {**PARAMS, "rank": 8})
    training.fit_linear(encoder, store)
    x, y, found = [], [], []
    for draws in store.items:
        features, image = [each.float() for each in draws.features], draws.image.float()
        folded = encoder.folded(features, image)
        x.append(folded[0].flatten(1).T)
        y.append(((draws.f.float()[0] - encoder.mean_f) / encoder.scale_f[:, None, None]).flatten(1).T)
        found.append(encoder.to_f(torch.cat([torch.zeros(1, 16, 32, 32), encoder.linear(folded)], 1))[0].flatten(1).T)
    x, y, found = (torch.cat(each).detach().double() for each in (x, y, found))
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    ridge = training.RIDGE * (x.T @ x).diagonal().mean() * torch.eye(x.shape[1])
    expected = x @ torch.linalg.solve(x.T @ x + ridge, x.T @ y)
    assert (found - expected).square().mean() < 1e-4 * expected.square().mean()
    assert (found - y).square().mean() < 0.9 * y.square().mean(), "it says something of F"


def test_the_store_renews_as_many_as_it_is_told(teacher):
    store = training.Store(teacher, 16, 4)
    before = list(store.items)
    store.each = 3
    store.renew()
    assert sum(a is not b for a, b in zip(before, store.items, strict=True)) == 3
    assert {float(draws.true) for draws in store.items} == {1.0}
    store.relit = True
    for _ in range(12):
        store.renew()
    assert {float(draws.true) for draws in store.items} == {0.0, 1.0}, "one batch in four is in another light"


def test_sizes_are_those_asked_for():
    net = FaceEncoder(8, 16, 2, 4, Pyramid.channels[1:])
    features = [torch.zeros(2, c, s, s) for c, s in zip(Pyramid.channels[1:], SIZES, strict=True)]
    assert net(features, torch.zeros(2, 3, IMAGE_SIZE, IMAGE_SIZE)).shape == (2, 8, 32, 32)
