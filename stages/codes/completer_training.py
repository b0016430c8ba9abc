"""How the completer of label maps learns: on maps of drawn faces, of which the hair of others hides a part.

A face is drawn and parsed once. What hides it, and where, is another at every step: another map's hair, shifted, scaled
and mirrored, and in half of the examples new hair from a third map in place of the face's own.
"""

import numpy as np
import torch
from torch import Tensor

from stages.codes.optimise import OnStep
from stages.codes.training import TRUNCATION, descend
from stages.nets.completer_net import Completer, share, shares
from stages.nets.interfaces import Generator, Parser
from stages.params.completer_section import CompleterParams
from stages.regions.hiding import Hidden, hair_of, hide, moved
from stages.regions.labels import LabelScheme

DRAWN_SIZE = 512  # px of renders, and of the parser
STORED_SIZE = 256  # px of the maps that training reads
FACE, HAIR = (0.04, 0.08), (0.06, 0.15)  # how far a face, and what hides it, is shifted and scaled
NEW_HAIR = 0.5  # share of the examples with a third map's hair
SMALL_HOLE = 40.0  # places of the net's grid: a smaller hole counts less than a large one


@torch.no_grad()
def drawn_maps(
    exact: Generator, generator: Generator, parser: Parser, count: int, seed: int, on_step: OnStep | None = None
) -> np.ndarray:
    """Label maps of drawn faces, uint8 (count, 512, 512), each at a truncation of its own.

    `generator` and `parser` may be of a lower precision; `exact` maps to W. `on_step` is called after each face with
    its truncation in place of losses.
    """
    maps = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        z = torch.from_numpy(rng.standard_normal((1, 512), dtype=np.float32)).to(exact.mean_w)
        truncation = rng.uniform(*TRUNCATION)
        ws = torch.lerp(exact.mean_w, exact.map(z), truncation)[:, None].expand(-1, exact.n_styles, -1)
        image = generator.synthesis(ws, min(DRAWN_SIZE, generator.size))
        maps.append(parser.logits(image).argmax(1)[0].byte().cpu().numpy())
        if on_step is not None:
            on_step(index + 1, count, torch.tensor([truncation]))
    return np.stack(maps)


def example(maps: np.ndarray, rng: np.random.Generator, scheme: LabelScheme) -> Hidden:
    """A map hidden by the hair of another one, chosen by chance."""
    chosen = rng.choice(len(maps), 3, replace=False)
    truth = moved(maps[chosen[0]], rng, scheme, *FACE)
    old, new = (hair_of(moved(maps[k], rng, scheme, *HAIR), scheme) for k in chosen[1:])
    return hide(truth, old, new if rng.random() < NEW_HAIR else None, scheme)


def loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy (B,) of logits (B, L, h, w) with shares (B, L, h, w) of what is known to be in holes."""
    errors = -(truth * logits.log_softmax(1)).sum((1, 2, 3))
    return errors / (truth.sum((1, 2, 3)) + SMALL_HOLE)


def train(
    maps: np.ndarray,
    scheme: LabelScheme,
    params: CompleterParams,
    dtype: torch.dtype,
    device: torch.device,
    on_step: OnStep | None = None,
) -> Completer:
    """Train a completer; the same seed on one machine gives the same weights.

    Args:
        maps: label maps (N, H, H) uint8, of drawn faces; at least three.
        scheme: of the maps.
        params: section `completer`.
        dtype: what convolutions multiply in.
        device: where.
        on_step: called after each step.
    """
    torch.manual_seed(params["seed"])
    completer = Completer(scheme, params["width"]).to(device).to(memory_format=torch.channels_last)
    stride = max(1, maps.shape[-1] // STORED_SIZE)
    stored = np.ascontiguousarray(maps[:, ::stride, ::stride])
    may = list(scheme.hidden_indices)

    def losses(step: int) -> Tensor:
        rng = np.random.default_rng([params["seed"], step])
        batch = zip(*(example(stored, rng, scheme) for _ in range(params["batch"])), strict=True)
        labels, holes, truth = (torch.from_numpy(np.stack(each)).to(device) for each in batch)
        known, hidden = shares(labels, scheme, ~holes), shares(truth, scheme, holes)[:, may]
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = completer(known, share(holes))
        return loss(logits.float(), hidden)

    descend(completer, losses, params["steps"], params["rate"], on_step)
    return completer
