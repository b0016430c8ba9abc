"""The VGG metric: the L1 distance of one image's features from another's."""

import torch
from torch import Tensor, nn

from stages.nets.perceptual import SlicedNetwork

# Of relu1_1 … relu5_1, in the official code's VGGLoss (ZPdesu/Barbershop, which takes it from pix2pixHD).
WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


def vgg_distance(net: SlicedNetwork, a: Tensor, b: Tensor) -> Tensor:
    """Σ w_i · mean |φ_i(a) − φ_i(b)| over relu1_1 … relu5_1 of VGG16; (B,), at least 0.

    The official code has this loss on VGG19, and never uses it; the paper's column VGG is likely it. Here the backbone
    is that of an LPIPS network, so these are other numbers, and images are brought to ImageNet's statistics, as that
    backbone expects.

    Args:
        net: (ST-)LPIPS on VGG16.
        a, b: images (B, 3, H, W) in [-1, 1].
    """
    terms = [
        weight * (x - y).abs().mean((1, 2, 3))
        for weight, x, y in zip(WEIGHTS, _first_activations(net, a), _first_activations(net, b), strict=True)
    ]
    return torch.stack(terms).sum(0)


def _first_activations(net: SlicedNetwork, image: Tensor) -> list[Tensor]:
    """Output of the first ReLU of every slice: relu1_1 … relu5_1 of VGG16."""
    x, outputs = net.scaling_layer(image), []
    for k in range(net.blocks):
        for layer in getattr(net.net, f"slice{k + 1}").children():
            x = layer(x)
            if len(outputs) == k and isinstance(layer, nn.ReLU):
                outputs.append(x)
    return outputs
