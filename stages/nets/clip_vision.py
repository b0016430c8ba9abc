"""CLIP's image encoder, a vision transformer, with the names of the published state (Radford et al. 2021).

OpenAI's files are TorchScript archives whose program holds a CUDA device and half precision. A CPU has neither, so the
weights are taken out of the archive and computed with in float32.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

HEAD = 64  # features of an attention head in all of CLIP's transformers
PREFIX = "visual."  # of the image encoder's tensors in the whole model's state


class _Mlp(nn.Module):
    """Two layers with CLIP's approximation of GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_fc(x)
        out: Tensor = self.c_proj(x * torch.sigmoid(1.702 * x))
        return out


class _Block(nn.Module):
    """Attention and two layers, each on normalised features and added to them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, width // HEAD, batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = _Mlp(width)
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        normal = self.ln_1(x)
        x = x + self.attn(normal, normal, normal, need_weights=False)[0]
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class _Transformer(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.resblocks = nn.Sequential(*(_Block(width) for _ in range(layers)))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.resblocks(x)
        return out


class ClipVision(nn.Module):
    """The image encoder; `size` is the side of its images in px.

    Args:
        size, patch: side of the image and of a patch, px.
        width, layers: of the transformer; width is a multiple of 64.
        length: of an image's features.
    """

    def __init__(self, size: int, patch: int, width: int, layers: int, length: int) -> None:
        super().__init__()
        self.size = size
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros((size // patch) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = _Transformer(width, layers)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, length))

    def forward(self, image: Tensor) -> Tensor:
        """Features (B, length), of any length, of images (B, 3, size, size) in CLIP's statistics."""
        patches = self.conv1(image).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(image.shape[0], 1, -1)
        x = self.ln_pre(torch.cat([first, patches], 1) + self.positional_embedding)
        features: Tensor = self.ln_post(self.transformer(x)[:, 0]) @ self.proj
        return features


def vision_of(state: Mapping[str, Tensor]) -> ClipVision:
    """The image encoder of a whole CLIP's state, in float32.

    Raises:
        KeyError, RuntimeError: it is not the state of a CLIP with a vision transformer.
    """
    own = {key.removeprefix(PREFIX): value.float() for key, value in state.items() if key.startswith(PREFIX)}
    width, _, patch, _ = own["conv1.weight"].shape
    side = round((len(own["positional_embedding"]) - 1) ** 0.5)
    layers = len({key.split(".")[2] for key in own if key.startswith("transformer.resblocks.")})
    net = ClipVision(side * patch, patch, width, layers, own["proj"].shape[1])
    net.load_state_dict(own)
    return net.eval().requires_grad_(False)
