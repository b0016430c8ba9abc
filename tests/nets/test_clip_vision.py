"""CLIP's image encoder against a plain loop over heads and patches, with made-up weights: no real ones are at hand."""

import numpy as np
import pytest
import torch
from support import seeded

from stages.nets.clip_vision import PREFIX, ClipVision, vision_of

SIZE, PATCH, WIDTH, LAYERS, LENGTH = 8, 4, 128, 2, 5


def normal(x, state, name):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * state[f"{name}.weight"] + state[f"{name}.bias"]


def plain(state, image):
    """Features of an image (3, SIZE, SIZE) by the paper's formulas, in float64."""
    kernel = state["conv1.weight"]
    cells = [(r, c) for r in range(0, SIZE, PATCH) for c in range(0, SIZE, PATCH)]
    patches = [(kernel * image[:, r : r + PATCH, c : c + PATCH]).sum((1, 2, 3)) for r, c in cells]
    x = normal(np.stack([state["class_embedding"], *patches]) + state["positional_embedding"], state, "ln_pre")
    for k in range(LAYERS):
        block = f"transformer.resblocks.{k}"
        projected = normal(x, state, f"{block}.ln_1") @ state[f"{block}.attn.in_proj_weight"].T
        query, key, value = np.split(projected + state[f"{block}.attn.in_proj_bias"], 3, axis=1)
        heads = []
        for h in range(WIDTH // 64):
            part = slice(64 * h, 64 * h + 64)
            scores = np.exp(query[:, part] @ key[:, part].T / np.sqrt(64))
            heads.append(scores / scores.sum(1, keepdims=True) @ value[:, part])
        x = x + np.hstack(heads) @ state[f"{block}.attn.out_proj.weight"].T + state[f"{block}.attn.out_proj.bias"]
        hidden = normal(x, state, f"{block}.ln_2") @ state[f"{block}.mlp.c_fc.weight"].T
        hidden += state[f"{block}.mlp.c_fc.bias"]
        hidden = hidden / (1 + np.exp(-1.702 * hidden))
        x = x + hidden @ state[f"{block}.mlp.c_proj.weight"].T + state[f"{block}.mlp.c_proj.bias"]
    return normal(x[0], state, "ln_post") @ state["proj"]


@torch.no_grad()
def test_is_the_transformer_of_the_paper():
    """1e-4 relative, in float32 against float64; sizes are read from the state."""
    state = seeded(ClipVision(SIZE, PATCH, WIDTH, LAYERS, LENGTH)).state_dict()
    net = vision_of({PREFIX + key: value for key, value in state.items()} | {"logit_scale": torch.ones(())})
    assert net.size == SIZE
    image = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    arrays = {key: value.double().numpy() for key, value in state.items()}
    expected = [plain(arrays, each) for each in image.double().numpy()]
    np.testing.assert_allclose(net(image).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_half_precision_becomes_float32():
    state = seeded(ClipVision(SIZE, PATCH, WIDTH, LAYERS, LENGTH)).half().state_dict()
    net = vision_of({PREFIX + key: value for key, value in state.items()})
    assert {tensor.dtype for tensor in net.state_dict().values()} == {torch.float32}


def test_a_clip_without_a_transformer_is_told():
    with pytest.raises((KeyError, RuntimeError)):
        vision_of({f"{PREFIX}layer1.0.conv1.weight": torch.zeros(1)})
