"""The project's own completer of label maps: a small U-Net that says what the hair of a face hid.

It reads and writes at 64 px, on which grid the face parser decides as well.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.residual import Residual
from stages.regions.labels import LabelScheme

SIZE = 64  # px
LEVELS = (1, 2, 4, 4)  # channels at 64, 32, 16 and 8 px, in units of the width


class Completer(nn.Module):
    """Scores of the labels that hair may hide, of label maps with holes.

    `scheme`: of the maps. `width`: channels at 64 px.
    """

    def __init__(self, scheme: LabelScheme, width: int = 24) -> None:
        super().__init__()
        self.scheme, self.width = scheme, width
        widths = [width * level for level in LEVELS]
        self.read = nn.Conv2d(len(scheme) + 3, width, 3, padding=1)  # the holes, and where a place is
        self.down = nn.ModuleList(Residual(each) for each in widths[:-1])
        self.coarser = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in itertools.pairwise(widths))
        self.bottom = nn.Sequential(Residual(widths[-1]), Residual(widths[-1]))
        self.finer = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(Residual(each) for each in widths[:-1])
        self.write = nn.Conv2d(width, len(scheme.hidden_indices), 1)

    def forward(self, known: Tensor, holes: Tensor) -> Tensor:
        """Logits (B, L, 64, 64) of the L `hidden_indices` of the scheme, in their order.

        `known`: (B, K, 64, 64), the share of every label at a place, without what is in holes. `holes`: (B, 1, 64, 64),
        the share of holes.
        """
        line = torch.linspace(-1, 1, SIZE).to(known)
        place = torch.stack(torch.meshgrid(line, line, indexing="ij"))[None].expand(len(known), -1, -1, -1)
        x = self.read(torch.cat([known, holes, place], 1))
        passed = []
        for block, coarser in zip(self.down, self.coarser, strict=True):
            x = block(x)
            passed.append(x)
            x = coarser(functional.relu(x))
        x = self.bottom(x)
        for block, finer, beside in reversed(list(zip(self.up, self.finer, passed, strict=True))):
            x = block(functional.interpolate(finer(functional.relu(x)), scale_factor=2.0, mode="bilinear") + beside)
        scores: Tensor = self.write(functional.relu(x))
        return scores


def shares(labels: Tensor, scheme: LabelScheme, where: Tensor) -> Tensor:
    """(B, K, 64, 64): the share of every label at a place, of maps (B, H, W) where `where` (B, H, W) bool is true.

    H and W are multiples of 64.
    """
    (batch, height, width), count = labels.shape, len(scheme)
    tall, wide = height // SIZE, width // SIZE
    places = torch.arange(batch * SIZE * SIZE, device=labels.device).view(batch, SIZE, 1, SIZE, 1)
    cells = (places * count + labels.view(batch, SIZE, tall, SIZE, wide)).view_as(labels)
    counted = torch.bincount(cells[where], minlength=batch * SIZE * SIZE * count)
    return counted.view(batch, SIZE, SIZE, count).permute(0, 3, 1, 2) / (tall * wide)


def share(mask: Tensor) -> Tensor:
    """(B, 1, 64, 64): the share of a mask (B, H, W) bool at a place."""
    return functional.interpolate(mask[:, None].float(), size=(SIZE, SIZE), mode="area")
