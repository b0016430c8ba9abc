"""Alignment with small networks: it lowers the cross-entropy, moves only its rows, and mixes F by the masks."""

import pytest
import torch
from support import seeded

from stages.codes.alignment import Known, Style, align, mix_structure, target_loss
from stages.codes.embedding import unwhiten
from stages.codes.optimise import BETAS
from stages.codes.style import masked_grams, share_of_grams
from stages.regions.labels import CELEBAMASK_19

PARAMS = {
    "steps": 30, "rate": 0.1, "betas": BETAS, "orthogonal": False, "rows": 7, "start": 1.0, "cross_entropy": 1.0,
    "focus": 0.0, "mse": 0.0, "perceptual": 0.0, "perceptual_every": 1, "style": 1.0, "p_norm": 0.0,
}  # fmt: skip
NOTHING = Known(torch.zeros(1, 3, 128, 128), torch.zeros(1, 1, 128, 128))
CERTAIN = torch.zeros(1, 128, 128, dtype=torch.bool)


class SmallParser(torch.nn.Module):
    """Seeded convolutions in place of BiSeNet; logits at the size of the image."""

    scheme = CELEBAMASK_19

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(3, 16, 5, padding=2), torch.nn.Conv2d(16, 19, 1)

    def logits(self, image):
        return 4 * self.second(self.first(image).tanh())


@pytest.fixture
def scene(small_generator, monkeypatch):
    monkeypatch.setattr("stages.codes.alignment.PARSER_SIZE", 128)
    monkeypatch.setattr("stages.codes.alignment.IMAGE_SIZE", 128)
    parser = seeded(SmallParser())
    gaussian = torch.Generator().manual_seed(7)
    ws, other = (0.5 * torch.randn(1, small_generator.n_styles, 512, generator=gaussian) for _ in range(2))
    target = parser.logits(small_generator.render(small_generator.features(other), ws)).argmax(1)
    labels = tuple(target.unique().tolist()[:2])
    own = torch.zeros(1, 1, 128, 128)
    own[..., 32:96] = 1
    return parser, ws, target, Style(labels, own)


@pytest.mark.parametrize("styled", [False, True])
def test_alignment_lowers_its_loss(small_generator, small_perceptual, scene, styled):
    parser, ws, target, style = scene
    losses = []
    align(
        small_generator, parser, small_perceptual, ws, target, target, CERTAIN, NOTHING, style if styled else None,
        PARAMS, lambda step, steps, loss: losses.append(loss.item()),
    )  # fmt: skip
    assert losses[-1] < 0.97 * losses[0]


@pytest.mark.parametrize("rows", [6, 7])
def test_only_the_leading_rows_move(small_generator, small_perceptual, scene, rows):
    parser, ws, target, _ = scene
    params = PARAMS | {"rows": rows, "steps": 2}
    moved, _ = align(
        small_generator, parser, small_perceptual, ws, target, target, CERTAIN, NOTHING, None, params
    )  # fmt: skip
    assert torch.equal(moved[:, rows:], ws[:, rows:])
    assert (moved[:, :rows] != ws[:, :rows]).any(2).all()


def test_focus_counts_what_has_to_change(small_generator, small_perceptual, scene):
    """Where nothing has to change it makes no difference, elsewhere the loss is that of the pixels to change."""
    parser, ws, target, _ = scene
    own = torch.where(torch.arange(128) < 64, target, (target + 1) % len(CELEBAMASK_19))

    def first_loss(own, focus):
        losses = []
        params = PARAMS | {"focus": focus, "steps": 1}
        align(
            small_generator, parser, small_perceptual, ws, own, target, CERTAIN, NOTHING, None, params,
            lambda *a: losses.append(a[2]),
        )  # fmt: skip
        return losses[0]

    torch.testing.assert_close(first_loss(target, 4.0), first_loss(target, 0.0))
    image = small_generator.synthesis(ws)
    change = torch.nn.functional.cross_entropy(parser.logits(image)[..., 64:], target[..., 64:], reduction="none")
    torch.testing.assert_close(first_loss(own, 1e6), change.mean((1, 2)), rtol=1e-4, atol=0)


def test_the_start_lies_between_the_mean_face_and_the_embedding(small_generator, small_perceptual, scene):
    parser, ws, target, _ = scene

    def started(start):
        params = PARAMS | {"start": start, "steps": 0}
        return align(
            small_generator, parser, small_perceptual, ws, target, target, CERTAIN, NOTHING, None, params
        )[0]  # fmt: skip

    torch.testing.assert_close(started(1.0), ws, rtol=1e-3, atol=1e-4)
    mean = unwhiten(torch.zeros(1, 7, 512), small_generator)
    torch.testing.assert_close(started(0.0)[:, :7], mean)
    assert torch.equal(started(0.0)[:, 7:], ws[:, 7:])


def test_what_is_known_comes_back_from_the_mean_face(small_generator, small_perceptual, scene):
    """The error under the mask falls to less than half, and outside of it matters nothing."""
    parser, ws, target, _ = scene
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., :64] = 1
    image = small_generator.synthesis(ws)
    params = PARAMS | {"start": 0.0, "cross_entropy": 0.0, "mse": 10.0, "perceptual": 1.0}

    def run(image, steps):
        known = Known(image, mask)
        return align(
            small_generator, parser, small_perceptual, ws, target, target, CERTAIN, known, None,
            params | {"steps": steps},
        )[0]  # fmt: skip

    def error(moved):
        return ((small_generator.synthesis(moved) - image).square() * mask).sum().item()

    moved = run(image, 30)
    assert error(moved) < 0.5 * error(run(image, 0))
    other = torch.where(mask > 0, image, -image)
    first = {}
    for name, goal in {"same": image, "other": other}.items():
        align(
            small_generator, parser, small_perceptual, ws, target, target, CERTAIN, Known(goal, mask), None,
            params | {"steps": 1, "perceptual": 0.0}, lambda *a, name=name: first.setdefault(name, a[2]),
        )  # fmt: skip
    assert torch.equal(first["same"], first["other"])


class CountingPerceptual:
    """Counts how often features are taken."""

    def __init__(self, net):
        self.net, self.taken = net, 0
        self.distance = net.distance

    def features(self, image, blocks=None):
        self.taken += 1
        return self.net.features(image, blocks)


@pytest.mark.parametrize(("steps", "every", "taken"), [(7, 1, 7), (7, 2, 4), (6, 2, 3), (7, 3, 3), (2, 5, 1)])
def test_what_is_known_is_compared_every_so_many_steps_and_at_the_last(
    small_generator, small_perceptual, scene, steps, every, taken
):
    """The loss of the steps between is that of the last comparison."""
    parser, ws, target, _ = scene
    perceptual = CountingPerceptual(small_perceptual)
    known = Known(small_generator.synthesis(ws), torch.ones(1, 1, 128, 128))
    params = PARAMS | {
        "start": 0.0, "cross_entropy": 0.0, "perceptual": 1.0, "perceptual_every": every, "steps": steps, "rate": 0.02,
    }  # fmt: skip
    counts, losses = [], []

    def on_step(step, steps, loss):
        counts.append(perceptual.taken - 1)  # one is of the goal
        losses.append(loss.item())

    align(
        small_generator, parser, perceptual, ws, target, target, CERTAIN, known, None, params, on_step
    )  # fmt: skip
    assert counts[-1] == taken
    assert counts == [taken + (step - steps) // every for step in range(1, steps + 1)]
    for i in range(1, steps):
        assert (losses[i] == losses[i - 1]) == (counts[i] == counts[i - 1])


def test_a_rare_comparison_counts_as_often_more(small_generator, small_perceptual, scene):
    """One step of Adam by the sum of two losses; their values are what they are without it."""
    parser, ws, target, _ = scene
    known = Known(small_generator.synthesis(ws), torch.ones(1, 1, 128, 128))

    def moved(weight, every):
        params = PARAMS | {"start": 0.0, "perceptual": weight, "perceptual_every": every, "steps": 1}
        return align(small_generator, parser, small_perceptual, ws, target, target, CERTAIN, known, None, params)

    (rare, losses), (heavy, _), (light, plain) = moved(1.0, 3), moved(3.0, 1), moved(1.0, 1)
    torch.testing.assert_close(rare, heavy)
    assert (rare - light).abs().max() > 1e-4
    assert losses.of(0) == plain.of(0)


def test_where_the_map_is_a_guess_any_label_of_a_bare_face_will_do():
    logits = torch.randn(2, 19, 4, 4, generator=torch.Generator().manual_seed(0))
    target = torch.randint(19, (2, 4, 4), generator=torch.Generator().manual_seed(1))
    open_labels = torch.zeros(2, 4, 4, dtype=torch.bool)
    plain = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    torch.testing.assert_close(target_loss(logits, target, open_labels, [torch.tensor([1, 2])]), plain)
    open_labels[:, :2] = True
    loss = target_loss(logits, target, open_labels, [torch.tensor([1, 2])])
    torch.testing.assert_close(loss[:, 2:], plain[:, 2:])
    either = -logits.softmax(1)[:, 1:3].sum(1).log()
    torch.testing.assert_close(loss[:, :2], either[:, :2])
    guesses = open_labels.int()
    guesses[:, 1] = 2
    mixed = target_loss(logits, target, guesses, [torch.tensor([1, 2]), torch.arange(19)])
    torch.testing.assert_close(mixed[:, [0, 2, 3]], loss[:, [0, 2, 3]])
    torch.testing.assert_close(mixed[:, 1], torch.zeros(2, 4), atol=1e-5, rtol=0)


def test_grams_do_not_depend_on_the_size_of_the_region(small_perceptual):
    """A periodic texture under a small and a large mask: Gram matrices agree to 10 %, unlike their sums."""
    tile = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    image = tile.repeat(1, 1, 16, 16)
    small, large = torch.zeros(1, 1, 256, 256), torch.zeros(1, 1, 256, 256)
    small[..., 64:192, 64:192], large[..., 16:240, 16:240] = 1, 1
    a, b = (masked_grams(small_perceptual.features(image * mask, 4), mask) for mask in (small, large))
    for x, y in zip(a[:2], b[:2], strict=True):
        assert ((x - y).norm() / y.norm()).item() < 0.1


def test_style_of_itself_is_zero_and_of_an_empty_region_finite(small_perceptual):
    image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    full, empty = torch.ones(1, 1, 128, 128), torch.zeros(1, 1, 128, 128)
    grams = masked_grams(small_perceptual.features(image, 4), full)
    assert share_of_grams(grams, grams).item() == 0
    assert share_of_grams(grams, masked_grams(small_perceptual.features(image * empty, 4), empty)).isfinite().all()


def test_structure_is_kept_where_the_reference_already_fits():
    f_rec, f_align = torch.ones(1, 4, 32, 32), torch.zeros(1, 4, 32, 32)
    alpha, beta = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    alpha[..., :20], beta[..., 10:] = 1, 1
    mixed = mix_structure(f_rec, f_align, alpha, beta)
    assert (mixed[..., 10:20] == 1).all()
    assert mixed.sum() == 4 * 32 * 10
