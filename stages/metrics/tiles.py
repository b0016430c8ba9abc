"""The last judge's distance at the images' own size: of tiles as large as the judges see a whole image otherwise.

At 256 px four pixels are one, and hair's strands and the skin's grain are gone. Here they are what is compared.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stages.formats.images import FACE_SIZE
from stages.metrics import ImageMetric
from stages.scoring.prepared import Comparison

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from stages.nets.interfaces import Perceptual
    from stages.scoring.judges import Judges

TILE = 256  # px, what (ST-)LPIPS was trained near
COUNT = 6  # tiles a comparison: all 16 take more than twice the time
KEPT = 4  # images whose features are remembered: methods are compared with the same ones in turn


class Corner(NamedTuple):
    """Where a tile begins, in px."""

    top: int
    left: int

    def of(self, image: np.ndarray) -> np.ndarray:
        """The tile of an image (H, W, …)."""
        part: np.ndarray = image[self.top : self.top + TILE, self.left : self.left + TILE]
        return part


def chosen_tiles(weights: np.ndarray) -> list[Corner]:
    """The tiles of a grid that hold the most weight, at most `COUNT`; of equal ones those nearest to the centre.

    Args:
        weights: (N, N), at least 0, not all 0.

    Returns:
        Tiles with some weight, in the grid's order. Of a whole image of 1024 px: the face and the hair above it.
    """
    size, corners = len(weights), range(0, len(weights), TILE)
    grid = [Corner(top, left) for top in corners for left in corners]
    held = {corner: float(corner.of(weights).sum()) for corner in grid}

    def from_centre(corner: Corner) -> int:
        return sum((2 * place + TILE - size) ** 2 for place in corner)

    best = sorted((c for c in grid if held[c] > 0), key=lambda c: (-held[c], from_centre(c), c))[:COUNT]
    return sorted(best)


def at_native_size(mask: np.ndarray | None, size: int) -> np.ndarray:
    """The weights of a comparison (n, n) at the images' own size (size, size); all 1 without a mask."""
    if mask is None:
        return np.ones((size, size))
    block = size // len(mask)
    return np.kron(mask, np.ones((block, block)))


class Features:
    """The features of tiles; those of an image that comes again and again are computed once."""

    def __init__(self, net: "Perceptual", device: "torch.device") -> None:
        self._net, self._device = net, device
        self._recent: deque[tuple[np.ndarray, dict[Corner, list[Tensor]]]] = deque(maxlen=KEPT)

    def of(self, tiles: Sequence[np.ndarray]) -> "list[Tensor]":
        """The features of tiles, each uint8 (TILE, TILE, 3)."""
        import torch

        images = torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2).to(self._device).float() / 127.5 - 1
        return self._net.features(images)

    def remembered(self, pixels: np.ndarray, corners: Sequence[Corner]) -> "list[Tensor]":
        """The features of some tiles of an image, uint8 (H, W, 3), which is known again by being the same array."""
        import torch

        known = next((tiles for image, tiles in self._recent if image is pixels), None)
        if known is None:
            known = {}
            self._recent.append((pixels, known))
        if new := [corner for corner in corners if corner not in known]:
            features = self.of([corner.of(pixels) for corner in new])
            known |= {corner: [block[k : k + 1] for block in features] for k, corner in enumerate(new)}
        return [torch.cat(blocks) for blocks in zip(*(known[corner] for corner in corners), strict=True)]


def prepare(judges: "Judges") -> Callable[[Comparison], list[float]]:
    import torch

    net = list(judges.perceptuals.values())[-1]
    features = Features(net, judges.device)

    def measure(pair: Comparison) -> list[float]:
        a, b = pair.a.pixels, pair.b.pixels
        weights = at_native_size(pair.mask, len(b))
        chosen = chosen_tiles(weights)
        total = sum(corner.of(weights).sum() for corner in chosen)
        # Outside the mask the result is made equal to the other image. A tile that is equal has the distance 0.
        results = {c: np.where(c.of(weights)[..., None] > 0, c.of(a), c.of(b)) for c in chosen}
        differ = [corner for corner in chosen if (results[corner] != corner.of(b)).any()]
        if not differ:
            return [0.0]
        where = np.stack([corner.of(weights) for corner in differ])
        mask = torch.from_numpy(where).float()[:, None].to(judges.device)
        of_a, of_b = features.of([results[corner] for corner in differ]), features.remembered(b, differ)
        distances = net.distance(of_a, of_b, mask).double().cpu().numpy()
        return [float(distances @ where.sum((1, 2)) / total)]

    return measure


ENTRY = ImageMetric(
    direction="lower",
    range=(0, float("inf")),
    views=("whole", "self-transfer", "kept", "taken"),
    source="LPIPS: Zhang et al. 2018; ST-LPIPS: Ghildyal and Liu 2022; on tiles of the whole resolution",
    names=lambda setup: [f"tiles {setup.judges[-1]}@{FACE_SIZE}"],
    prepare=prepare,
)
