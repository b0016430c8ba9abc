"""No step waits for the device: none reads a value of its tensors, and none brings a tensor or a list to it.

The steps run on PyTorch's meta device, whose tensors have shapes and no values, so that no GPU is needed: reading one
there is an error, and what brings values to it is seen.
"""

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from stages.codes import official_steps as official
from stages.codes import official_target
from stages.codes.alignment import Known, Style, align
from stages.codes.blending import blend
from stages.codes.embedding import FSCode, Objective, embed_fs, embed_w
from stages.codes.loho_fit import Shown, loho
from stages.codes.optimise import Variable, optimise
from stages.nets.bisenet import BiSeNet
from stages.nets.mobilestylegan_net import MobileStyleGAN
from stages.nets.stlpips import STLPIPS
from stages.nets.stylegan2_net import StyleGAN2

STEPS = 5
STEP = {"steps": STEPS, "rate": 0.1, "betas": (0.5, 0.8), "orthogonal": True, "mse": 1.0, "perceptual": 1.0}
EMBED_W = STEP | {"preview_steps": STEPS, "preview_every": 2, "p_norm": 0.1}
EMBED_FS = STEP | {"rate_f": 0.1, "rate_s": 0.1, "l_f": 0.1, "p_norm": 0.1}
ALIGN = STEP | {
    "reference_steps": STEPS, "rows": 7, "start": 0.0, "cross_entropy": 1.0, "focus": 1.0, "perceptual_every": 2,
    "style": 1.0, "p_norm": 0.1,
}  # fmt: skip
BLEND = STEP | {"blocks": 3, "look_mse": 1.0, "look_rate": 0.1}
LOHO = {
    "steps": STEPS, "style_steps": STEPS, "rate": 0.1, "noise_rate": 0.01, "face": 1.0, "hair": 1.0, "style": 1.0,
    "appearance": 1.0, "noise": 1.0, "jitter": 0.1, "smooth": 2, "seed": 0,
}  # fmt: skip
BATCH = 2


class LastStep(Exception):
    """Leaves the loop, whose end reads the losses."""


class Traffic:
    """What is brought to the device from the end of the first step on; before it things may be prepared."""

    def __init__(self):
        self.steps, self.seen = 0, set()

    def on_step(self, step, steps, losses):
        self.steps += 1
        if step == steps:
            raise LastStep

    def note(self, function):
        if self.steps:
            self.seen.add(str(function))


class Operations(TorchDispatchMode):
    """Notes operations that take a tensor of the CPU and give one of the device, unless they need not wait.

    Tensors without a dimension are numbers, which any operation takes along.
    """

    def __init__(self, traffic):
        super().__init__()
        self.traffic = traffic

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        of_cpu = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor) and not x.is_meta and x.dim()]
        on_device = [x for x in tree_leaves(made) if isinstance(x, torch.Tensor) and x.is_meta]
        if of_cpu and on_device and not kwargs.get("non_blocking"):
            self.traffic.note(func)
        return made


class Lists(TorchFunctionMode):
    """Notes tensors that are made of Python's lists, also as an index, which no dispatched operation shows."""

    def __init__(self, traffic):
        super().__init__()
        self.traffic = traffic

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        index = args[1] if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) else ()
        by_list = any(isinstance(part, list) for part in (index if isinstance(index, tuple) else (index,)))
        if by_list or (func in (torch.tensor, torch.as_tensor) and made.is_meta):
            self.traffic.note(func)
        return made


@pytest.fixture
def traffic():
    traffic = Traffic()
    with Operations(traffic), Lists(traffic):
        yield traffic


def on_device(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device="meta")


@pytest.fixture(params=[MobileStyleGAN, StyleGAN2])
def nets(request):
    """The networks, of full size, which costs nothing without values."""
    with torch.device("meta"):
        return [net.requires_grad_(False) for net in (request.param(), BiSeNet(), STLPIPS("vgg"))]


def scene(generator):
    """W+, F, S, images and label maps of a batch."""
    ws = on_device(BATCH, generator.n_styles, 512)
    f = generator.features(ws)
    s = ws[:, generator.n_structure :]
    images, labels = on_device(BATCH, 3, 1024, 1024), on_device(BATCH, 512, 512, dtype=torch.long)
    return ws, f, s, images, labels


def embedding_w(nets, on_step):
    generator, _, perceptual = nets
    embed_w(generator, Objective(generator, perceptual, scene(generator)[3], "paper"), EMBED_W, on_step)


def embedding_w_exact(nets, on_step):
    generator, _, perceptual = nets
    objective = Objective(generator, perceptual, scene(generator)[3], "official")
    embed_w(generator, objective, EMBED_W | {"preview_steps": 0}, on_step)


def embedding_fs(nets, on_step):
    generator, _, perceptual = nets
    ws, _, _, images, _ = scene(generator)
    embed_fs(generator, Objective(generator, perceptual, images, "paper"), ws, EMBED_FS, on_step)


def alignment(nets, on_step):
    ws, _, _, images, labels = scene(nets[0])
    mask = on_device(BATCH, 1, 512, 512)
    guess = on_device(BATCH, 512, 512, dtype=torch.bool)
    align(*nets, ws, labels, labels, guess, Known(images, mask), Style((1, 17), mask), ALIGN, on_step)


def official_alignment(nets, on_step):
    ws, f, s, _, labels = scene(nets[0])
    official.align(*nets, ws, FSCode(f, s), labels, True, ALIGN, on_step)


def completion(nets, on_step):
    labels, foreground = scene(nets[0])[4], on_device(BATCH, 512, 512, dtype=torch.bool)
    official_target.complete(*nets[:2], labels, foreground, STEP | {"sign": "realistic"}, on_step)


def blending(nets, on_step):
    generator, _, perceptual = nets
    _, f, s, _, _ = scene(generator)
    masks = on_device(BATCH, 2, 512, 512)
    blend(generator, perceptual, torch.stack([f, f], 1), torch.stack([s, s], 1), masks, BLEND, on_step=on_step)


def official_blending(nets, on_step):
    generator, _, perceptual = nets
    _, f, s, _, _ = scene(generator)
    mask, photos, both = on_device(BATCH, 1, 256, 256), on_device(BATCH, 2, 3, 256, 256), torch.stack([s, s], 1)
    official.blend(generator, perceptual, f, both, photos, (mask, mask), BLEND, on_step)


def loho_of_another_look(nets, on_step):
    shown = Shown(scene(nets[0])[3], on_device(BATCH, 1, 512, 512))
    loho(*nets, shown, shown, shown, LOHO, on_step)


@pytest.mark.parametrize(
    "loop",
    [
        embedding_w, embedding_w_exact, embedding_fs, alignment, official_alignment, completion, blending,
        official_blending, loho_of_another_look,
    ],
)  # fmt: skip
def test_no_step_waits_for_the_device(nets, loop, traffic, monkeypatch):
    monkeypatch.setattr("stages.codes.loho_fit.spread_of_w", lambda *_: 1.0)  # read once, before the steps
    with pytest.raises(LastStep):
        loop(nets, traffic.on_step)
    assert traffic.steps >= STEPS
    assert not traffic.seen


def read_a_value(x):
    return x.sum() * x.sum().item()


def choose_by_condition(x):
    return x[x > 0].sum()


def bring_a_tensor(x):
    return (x * torch.ones(3).to(x.device)).sum()


def make_of_a_list(x):
    return (x * torch.tensor([1.0, 2.0, 3.0], device=x.device)).sum()


def index_by_a_list(x):
    return x[:, [0, 2]].sum()


@pytest.mark.parametrize("waits", [read_a_value, choose_by_condition, bring_a_tensor, make_of_a_list, index_by_a_list])
def test_a_step_that_waits_is_seen(waits, traffic):
    x = on_device(BATCH, 3).requires_grad_()
    with pytest.raises((LastStep, RuntimeError)) as stopped:
        optimise([Variable(x, 0.1)], lambda: {"loss": x.square().sum(1) + waits(x)}, STEPS, traffic.on_step)
    assert traffic.seen or not stopped.errisinstance(LastStep)
