"""Ten steps of embedding, completion, alignment and blending in `variant: official` against plain loops.

The loops are written from docs/paper.md: one item at a time, nothing cached, every forward through the whole
generator in the textbook form (one modulated kernel an item), LPIPS by its package, VGG16 by torchvision. So batches,
cached reference features and the split at F are shown to change nothing. Networks are small and seeded, in float64,
where rounding cannot tip Adam's sign-like steps; 1e-4 relative, measured below 1e-9.
"""

import warnings

import lpips
import numpy as np
import pytest
import torch
from golden import bisenet_value, filled, stylegan2_value, vgg16_state
from scipy import ndimage
from support import seeded_pca
from torch import Tensor
from torch.nn import functional
from torchvision.models import vgg16

from benchmarks.plain_stylegan2 import PlainStyleGAN2
from stages.codes import official_steps as official
from stages.codes import official_target, style
from stages.codes.embedding import FSCode, Objective, embed_fs, embed_w
from stages.codes.optimise import BETAS
from stages.codes.reduction import bicubic_by
from stages.nets.bisenet import BiSeNet
from stages.nets.lpips_net import LPIPS, lpips_state
from stages.nets.stylegan2_net import StyleGAN2
from stages.regions.labels import CELEBAMASK_16 as SCHEME
from stages.regions.official_masks import draft

SIZE, SMALL, CHANNELS, STEPS = 64, 32, 32, 10
HAIR, FIRST = SCHEME["hair"], 7  # rows of W+ from FIRST on are S
RATE, P_NORM, STYLE, SMOOTH, BLOCKS = 0.01, 1e-3, 4e4, 1, 3
TOLERANCE = 1e-4


class Plain:
    """The networks again, as a reader of the papers would write them."""

    def __init__(self, generator: StyleGAN2, parser: BiSeNet, package: lpips.LPIPS, vgg: torch.nn.Module) -> None:
        self.run, self.parser, self.package, self.vgg = PlainStyleGAN2(generator).run, parser, package, vgg
        self.mean_w, self.pca = generator.mean_w, (generator.pca_mean, generator.pca_components, generator.pca_stdev)

    def p_norm(self, ws: Tensor) -> Tensor:
        mean, components, stdev = self.pca
        return (((functional.leaky_relu(ws, 5.0) - mean) @ components.T) / stdev).square().mean()

    def logits(self, image: Tensor) -> Tensor:
        return self.parser.raw_logits(((image + 1) / 2 - self.parser.mean) / self.parser.std)

    def grams(self, image: Tensor, mask: Tensor) -> list[Tensor]:
        x, grams = image * mask, []
        for i, layer in enumerate(self.vgg[:23]):
            x = layer(x)
            if i in (3, 8, 15, 22):
                flat = (x * functional.interpolate(mask, x.shape[2:], mode="nearest"))[0].flatten(1)
                grams.append(flat @ flat.T / flat.numel())
        return grams

    def masked_lpips(self, a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
        _, maps = Spatial(self.package)(a, b)
        total = 0
        for each in maps[:BLOCKS]:
            weights = functional.interpolate(mask, each.shape[2:], mode="nearest")
            total = total + (each * weights).sum() / weights.sum()
        return total


class Spatial:
    """Calls the package so that it gives the distance map of every block at the block's own size."""

    def __init__(self, package: lpips.LPIPS) -> None:
        self.package = package

    def __call__(self, a: Tensor, b: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps = []
        features = [self.package.net(self.package.scaling_layer(x)) for x in (a, b)]
        for k in range(self.package.L):
            x, y = (lpips.normalize_tensor(f[k]) for f in features)
            maps.append(self.package.lins[k]((x - y) ** 2))
        return sum(m.mean((1, 2, 3)) for m in maps), maps


def adam(variables: list[Tensor], loss, steps: int = STEPS, after=lambda: None) -> None:
    """The plain loop: one rate, no schedule."""
    optimizer = torch.optim.Adam(variables, lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        after()


@pytest.fixture(scope="module")
def nets():
    """Ours and the plain ones on the same weights, float64; what is at 256 px elsewhere is at 32 px here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stages.nets.stylegan2_net.channels_of", lambda *_: CHANNELS)
        generator = StyleGAN2(SIZE)
        patch.setattr(official, "SMALL", SMALL)
        patch.setattr(style, "SMALL", SMALL)
        patch.setattr("stages.codes.embedding.LOSS_SIZE", SMALL)
        yield from made(generator)


def made(generator):
    constants = {key: t for key, t in generator.state_dict().items() if key in seeded_pca()}
    state, _ = filled({k: t for k, t in generator.state_dict().items() if k not in constants}, stylegan2_value)
    generator.load_state_dict(state | seeded_pca())
    parser = BiSeNet(SCHEME)
    parser.size = SIZE
    parser.load_state_dict(filled(parser.state_dict(), bisenet_value)[0])
    perceptual = LPIPS("vgg")
    weights = vgg16_state()
    perceptual.load_state_dict(lpips_state("vgg", weights))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = lpips.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False)
        vgg = vgg16(weights=None).features
    package.load_state_dict(lpips_state("vgg", weights))
    vgg.load_state_dict({key.removeprefix("features."): tensor for key, tensor in weights.items()})
    all_nets = [net.eval().requires_grad_(False).double() for net in (generator, parser, perceptual, package, vgg)]
    generator, parser, perceptual, package, vgg = all_nets
    show_hair(parser, generator.synthesis(seeded_ws(generator, 2)))
    yield (generator, parser, perceptual), Plain(generator, parser, package, vgg)


def seeded_ws(generator, count: int) -> Tensor:
    gaussian = torch.Generator().manual_seed(1)
    return torch.randn(count, generator.n_styles, 512, generator=gaussian, dtype=torch.float64)


def show_hair(parser, images) -> None:
    """Exchange hair's logits for those of the label that is nearest to half of the images: random ones have no hair."""
    labels = parser.raw_logits(((images + 1) / 2 - parser.mean) / parser.std).argmax(1)
    share = torch.bincount(labels.flatten(), minlength=len(SCHEME)) / labels.numel()
    best = int((share - 0.5).abs().argmin())
    weight = parser.conv_out.conv_out.weight
    weight[[HAIR, best]] = weight[[best, HAIR]]


@pytest.fixture(scope="module")
def scene(nets):
    """Two items of everything: images, W+ and FS codes, target maps, hair masks."""
    (generator, _, _), _ = nets
    gaussian = torch.Generator().manual_seed(0)

    def noise(*shape):
        return torch.randn(*shape, generator=gaussian, dtype=torch.float64)

    ws, other = noise(2, generator.n_styles, 512), noise(2, generator.n_styles, 512)
    images = generator.synthesis(other)
    random = np.random.default_rng(0)
    maps = [np.kron(random.integers(0, 16, (2, 8, 8)), np.ones((1, 8, 8))).astype(np.uint8) for _ in range(3)]
    for labels in maps:
        labels[:, 8:32, 16:48] = HAIR
    maps[1][:, 25:50, 12:37] = HAIR
    return {
        "images": images, "ws": ws, "other": other, "photos": noise(2, 2, 3, SMALL, SMALL).tanh(), "maps": maps,
        "target": torch.from_numpy(maps[2].astype(np.int64)),
        "foreground": torch.from_numpy(maps[0] != 0),
    }  # fmt: skip


def assert_close(ours: Tensor, plain: Tensor) -> None:
    error = ((ours - plain).norm() / plain.norm()).item()
    assert error < TOLERANCE, error


def test_embedding(nets, scene):
    (generator, _, perceptual), plain = nets
    params = {
        "preview_steps": 0,
        "steps": STEPS,
        "rate": RATE,
        "betas": BETAS,
        "orthogonal": False,
        "rate_f": RATE,
        "rate_s": RATE,
        "mse": 1.0,
        "perceptual": 1.0,
    }
    params |= {"p_norm": P_NORM, "l_f": 0.0}
    objective = Objective(generator, perceptual, scene["images"], "official")
    ws, _ = embed_w(generator, objective, params)
    code, _ = embed_fs(generator, objective, ws, params)
    for i in range(2):
        image = scene["images"][i : i + 1]

        def distance(render, image=image):
            return (render - image).square().mean() + plain.package(bicubic_by(render, 2), bicubic_by(image, 2)).sum()

        w = plain.mean_w.repeat(1, generator.n_styles, 1).requires_grad_()
        adam([w], lambda w=w, d=distance: d(plain.run(w)) + P_NORM * plain.p_norm(w))
        assert_close(ws[i : i + 1], w.detach())
        w = w.detach()
        f, s = plain.run(w, until=3).requires_grad_(), w[:, FIRST:].clone().requires_grad_()

        def loss(w=w, f=f, s=s, distance=distance):
            rows = torch.cat([w[:, :FIRST], s], 1)
            return distance(plain.run(rows, f)) + P_NORM * plain.p_norm(rows)

        adam([f, s], loss)
        assert_close(code.f[i : i + 1], f.detach())
        assert_close(code.s[i : i + 1], s.detach())


@pytest.mark.parametrize("sign", ["realistic", "fidelity"])
def test_completion(nets, scene, sign):
    """The label map of the fitted face: exactly, and its last loss."""
    (generator, parser, _), plain = nets
    params = {"sign": sign, "steps": STEPS, "rate": RATE}
    labels, outcome = official_target.complete(
        generator, parser, scene["target"], scene["foreground"], params
    )  # fmt: skip
    for i in range(2):
        target, foreground = scene["target"][i : i + 1], scene["foreground"][i : i + 1]
        rows = plain.mean_w.repeat(1, generator.n_styles, 1)
        moving = rows[:, :6].clone().requires_grad_()
        last = {}

        def loss(target=target, foreground=foreground, rows=rows, moving=moving, last=last):
            logits = plain.logits(plain.run(torch.cat([moving, rows[:, 6:]], 1)))
            background = torch.zeros(16, dtype=torch.float64)
            background[0] = 1
            if sign == "fidelity":
                value = functional.cross_entropy(logits, target)
            else:
                value = functional.cross_entropy(logits, target, weight=1 - background)
                value = value + functional.cross_entropy(logits, foreground.long(), weight=background)
            last.update(labels=logits.argmax(1), loss=value.item())
            return value

        adam([moving], loss)
        assert (labels[i : i + 1] != last["labels"]).sum().item() == 0
        assert outcome.losses["cross-entropy"][i].item() == pytest.approx(last["loss"], rel=TOLERANCE)


def test_target_map_takes_the_two_completions_where_the_official_code_does(nets, scene):
    (generator, parser, _), _ = nets
    params = {"sign": "realistic", "steps": 2, "rate": RATE}
    identity, reference, _ = (labels[0] for labels in scene["maps"])
    seen = []
    labels, failure = official_target.completed_target(
        generator, parser, identity, reference, params, lambda which: lambda *_: seen.append(which)
    )
    drafted = draft(identity, reference, SCHEME)
    free = (drafted.hair[0] & ~drafted.hair[1]) | drafted.obstructed
    np.testing.assert_array_equal(labels[~free], drafted.labels[~free])
    assert failure is None
    assert seen == [1, 1, 2, 2]


@pytest.mark.parametrize("styled", [False, True])
def test_alignment(nets, scene, styled):
    (generator, parser, perceptual), plain = nets
    params = {"steps": STEPS, "reference_steps": STEPS, "rate": RATE, "cross_entropy": 1.0, "style": STYLE}
    code = FSCode(generator.features(scene["ws"]), scene["other"][:, FIRST:])
    f, _ = official.align(generator, parser, perceptual, scene["ws"], code, scene["target"], styled, params)
    for i in range(2):
        moving = scene["ws"][i : i + 1, :6].clone().requires_grad_()
        rest = torch.cat([scene["ws"][i : i + 1, 6:7], scene["other"][i : i + 1, FIRST:]], 1)

        def hair_grams(image, logits):
            assert (logits.argmax(1) == HAIR).any(), "without hair there is no style to compare"
            mask = (logits.argmax(1) == HAIR)[:, None].double()
            return plain.grams(bicubic_by(image, 2), mask[:, :, ::2, ::2])

        with torch.no_grad():
            start = plain.run(torch.cat([moving, rest], 1))
            goal_logits = plain.logits(start)

        def loss(i=i, moving=moving, rest=rest, start=start, goal_logits=goal_logits):
            image = plain.run(torch.cat([moving, rest], 1))
            logits = plain.logits(image)
            value = functional.cross_entropy(logits, scene["target"][i : i + 1])
            if styled:
                pairs = zip(hair_grams(image, logits), hair_grams(start, goal_logits), strict=True)
                value = value + STYLE * sum((a - b).square().mean() for a, b in pairs) / 4
            return value

        adam([moving], loss)
        assert_close(f[i : i + 1], plain.run(torch.cat([moving.detach(), rest], 1), until=3))


def test_blending(nets, scene):
    (generator, parser, perceptual), plain = nets
    params = {"steps": STEPS, "rate": RATE, "blocks": BLOCKS}
    f = generator.features(scene["ws"])
    s = torch.stack([scene["ws"][:, FIRST:], scene["other"][:, FIRST:]], 1)
    hair = torch.stack([torch.from_numpy(labels == HAIR).double() for labels in scene["maps"][:2]], 1)
    masks = official.blend_masks(generator, parser, FSCode(f, s[:, 0]), hair, SMOOTH)
    code, u, _ = official.blend(generator, perceptual, f, s, scene["photos"], masks, params)
    head = torch.zeros(1, FIRST, 512, dtype=torch.float64)
    for i in range(2):
        rows = torch.cat([head, s[i : i + 1, 0]], 1)
        own = plain.logits(plain.run(rows, f[i : i + 1])).argmax(1)[0].numpy() == HAIR
        ones = [mask[::2, ::2] > 0 for mask in (*hair[i].numpy(), own)]
        grown = [ndimage.binary_dilation(mask, iterations=SMOOTH) for mask in ones]
        face = torch.from_numpy(~(grown[0] | grown[1] | grown[2])).double()[None, None]
        inner = torch.from_numpy(ndimage.binary_erosion(ones[1], iterations=SMOOTH)).double()[None, None]
        weight = torch.zeros_like(s[i : i + 1, 0]).requires_grad_()

        def loss(i=i, weight=weight, face=face, inner=inner):
            rows = torch.cat([head, s[i : i + 1, 0] + weight * (s[i : i + 1, 1] - s[i : i + 1, 0])], 1)
            image = bicubic_by(plain.run(rows, f[i : i + 1]), 2)
            first, second = scene["photos"][i : i + 1, 0], scene["photos"][i : i + 1, 1]
            return plain.masked_lpips(image, first, face) + plain.masked_lpips(image, second, inner)

        def clamp(weight=weight):
            weight.data.clamp_(0, 1)

        adam([weight], loss, after=clamp)
        assert_close(u[i : i + 1, 1], weight.detach())
        assert_close(code.s[i : i + 1], s[i : i + 1, 0] + weight.detach() * (s[i : i + 1, 1] - s[i : i + 1, 0]))
