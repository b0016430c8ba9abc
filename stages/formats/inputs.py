"""What items read, as tensors on the device; the files of the next batch are decoded while this one is computed."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor

from stages.formats.images import read_grey, read_rgb
from stages.formats.label_maps import read_label_map
from stages.formats.tensors import from_labels, from_rgb, read_tensors, to_device
from stages.regions.labels import LabelScheme

Decoded = np.ndarray | dict[str, Tensor]


class Reads(Protocol):
    """What reads files: `stages.engine.items.Item`."""

    @property
    def inputs(self) -> Mapping[str, Path]: ...


class Inputs:
    """Reads the files of items by roles: `face…` images, `map…` and `target` label maps, `grey` shares, else codes."""

    def __init__(self, device: torch.device, scheme: LabelScheme | None = None) -> None:
        """`scheme`: of the label maps, if there are any."""
        self.device, self.scheme = device, scheme
        self.reader = ThreadPoolExecutor(1, "inputs")
        self.of_this_batch: dict[Path, Future[Decoded]] = {}
        self.of_the_next: dict[Path, Future[Decoded]] = {}

    def read_ahead(self, items: Sequence[Reads]) -> None:
        """Begin to read what a batch needs; the one named before is computed now, and what was read for it is kept."""
        self.of_this_batch, self.of_the_next = self.of_the_next, {}
        for item in items:
            for role, path in item.inputs.items():
                if path not in self.of_the_next:
                    self.of_the_next[path] = self.reader.submit(self._decoded, role, path)

    def faces(self, items: Sequence[Reads], role: str) -> Tensor:
        """Images (B, 3, H, W) in [-1, 1]; errors as `read_rgb`."""
        return torch.cat([from_rgb(image, self.device) for image in self._arrays(items, role)])

    def labels(self, items: Sequence[Reads], role: str) -> Tensor:
        """Label maps int64 (B, H, W); errors as `read_label_map`."""
        return torch.cat([from_labels(labels, self.device) for labels in self._arrays(items, role)])

    def shares(self, items: Sequence[Reads], role: str) -> Tensor:
        """Grey images as shares (B, H, W) in [0, 1]; errors as `read_grey`."""
        return torch.stack([torch.from_numpy(grey).to(self.device).float() / 255 for grey in self._arrays(items, role)])

    def codes(self, items: Sequence[Reads], role: str) -> dict[str, Tensor]:
        """Tensors (B, …) by name; errors as `read_tensors`."""
        stored = cast("list[dict[str, Tensor]]", self._read(items, role))
        return {name: torch.stack([to_device(code[name], self.device) for code in stored]) for name in stored[0]}

    def _arrays(self, items: Sequence[Reads], role: str) -> list[np.ndarray]:
        return cast("list[np.ndarray]", self._read(items, role))

    def _read(self, items: Sequence[Reads], role: str) -> list[Decoded]:
        paths = [item.inputs[role] for item in items]
        begun = self.of_this_batch
        return [begun[path].result() if path in begun else self._decoded(role, path) for path in paths]

    def _decoded(self, role: str, path: Path) -> Decoded:
        if role.startswith("face"):
            return read_rgb(path)
        if role.startswith(("map", "target")):
            assert self.scheme is not None, f"{role} is a label map, and Inputs was told of no label scheme"
            return read_label_map(path, self.scheme)
        return read_grey(path) if role == "grey" else read_tensors(path)
