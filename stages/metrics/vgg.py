"""The VGG metric: the L1 distance of one image's features from another's."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stages.metrics import ImageMetric
from stages.scoring.prepared import Comparison, Setup

if TYPE_CHECKING:
    from torch import Tensor

    from stages.nets.sliced_network import SlicedNetwork
    from stages.scoring.judges import Judges

# Of relu1_1 … relu5_1, in the official code's VGGLoss (ZPdesu/Barbershop, which takes it from pix2pixHD).
WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


def vgg_distance(a: "Sequence[Tensor]", b: "Sequence[Tensor]") -> "Tensor":
    """Σ w_i · mean |φ_i(a) − φ_i(b)| over relu1_1 … relu5_1 of VGG16; (B,), at least 0.

    The official code has this loss on VGG19, and never uses it; the paper's column VGG is likely it. Here the backbone
    is that of an LPIPS network, so these are other numbers, and images are brought to ImageNet's statistics, as that
    backbone expects.

    Args:
        a, b: `first_activations` (B, C_i, h_i, w_i) of two images.
    """
    import torch

    terms = [weight * (x - y).abs().mean((1, 2, 3)) for weight, x, y in zip(WEIGHTS, a, b, strict=True)]
    return torch.stack(terms).sum(0)


def first_activations(net: "SlicedNetwork", image: "Tensor", features: "Sequence[Tensor]") -> "list[Tensor]":
    """Output of the first ReLU of every slice, relu1_1 … relu5_1 of (ST-)LPIPS's VGG16.

    Args:
        net: (ST-)LPIPS on VGG16, float32.
        image: (B, 3, H, W) in [-1, 1].
        features: its features by `net`; each slice goes on from the last one's, so that little is computed twice.
    """
    from stages.nets.sliced_network import to_first_relu

    inputs = [net.scaling_layer(image), *features[:-1]]
    return [to_first_relu(net.slice(k), x) for k, x in enumerate(inputs)]


def judge_of(judges: Sequence[str]) -> str | None:
    """The first of the judges that has a VGG16, by its name; None if none has."""
    return next((judge for judge in judges if "VGG" in judge), None)


def names(setup: Setup) -> list[str]:
    """One name, that tells whose weights the VGG16 has; none where no judge has a VGG16."""
    judge = judge_of(setup.judges)
    weights = "ST-LPIPS" if judge and judge.startswith("ST-") else "torchvision"
    return [f"VGG16-L1 ({weights} weights)@{setup.size}"] if judge else []


def prepare(judges: "Judges") -> Callable[[Comparison], list[float]]:
    from stages.nets.sliced_network import SlicedNetwork
    from stages.scoring.together import ask

    judge = judge_of(list(judges.perceptuals))

    def activations(image: "Tensor", *features: "Tensor") -> "list[Tensor]":
        assert judge is not None
        net = judges.perceptuals[judge]
        assert isinstance(net, SlicedNetwork)
        return first_activations(net, image, features)

    def measure(pair: Comparison) -> list[float]:
        if judge is None:
            return []
        a, b = (ask(activations, look.tensor, *look.features[judge]) for look in (pair.a, pair.b))
        return [float(vgg_distance(a, b).item())]

    return measure


ENTRY = ImageMetric(
    direction="lower",
    range=(0, float("inf")),
    views=("whole",),
    source="the official code's VGGLoss; Zhu et al. 2021, Table 1, has a column VGG that is likely it",
    names=names,
    prepare=prepare,
    backbone=lambda setup: judge_of(setup.judges),
)
