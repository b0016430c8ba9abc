"""How many items are computed at once: so many, or as many as fit into the GPU's free memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

LARGEST = 32  # items; a GPU is busy with fewer, and what a killed run loses is a batch
SHARE = 0.8  # of the free memory: the rest is for what fragments leave unusable, and for an item larger than the last


def cuda() -> Any:
    """PyTorch's CUDA if there is a GPU and this process has imported torch, else None.

    A stage that needs no network does not import it: that takes longer than to paste one region.
    """
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


class Memory(Protocol):
    """The memory that a batch is computed in."""

    def free(self) -> float:
        """Bytes that may still be taken."""

    def begin(self) -> None:
        """From here on `taken` measures."""

    def taken(self) -> float:
        """Bytes that were in use at the peak, above what is in use now."""


class GpuMemory:
    """That of the current CUDA device, as PyTorch's allocator sees it."""

    def free(self) -> float:
        """What no program has, and what the allocator keeps without using it."""
        free, _ = cuda().mem_get_info()
        return float(free + cuda().memory_reserved() - cuda().memory_allocated())

    def begin(self) -> None:
        cuda().reset_peak_memory_stats()

    def taken(self) -> float:
        return float(cuda().max_memory_allocated() - cuda().memory_allocated())


def device_memory() -> Memory | None:
    """The GPU's memory, or None where items are computed on the CPU."""
    return GpuMemory() if cuda() else None


def device_peak_mib() -> int | None:
    """Most memory of the GPU that was in use, in MiB: in this batch with `batch: auto`, else so far. None on a CPU."""
    return round(cuda().max_memory_allocated() / 2**20) if cuda() else None


class BatchSize:
    """Largest number of items in the next batch.

    `auto` is 1 on a CPU, where more are no faster and would make an item's last digits depend on its neighbours. On a
    GPU the first batch is one item; what it takes, networks not counted, says how many fit.
    """

    def __init__(self, batch: int | Literal["auto"], memory: Memory | None) -> None:
        self.memory = memory if batch == "auto" else None
        self.largest = batch if batch != "auto" else LARGEST if memory else 1
        self.of_item = 0.0

    def next(self) -> int:
        """The size, ≥ 1."""
        if self.memory is None:
            return self.largest
        if not self.of_item:
            return 1
        return int(max(1, min(self.largest, SHARE * self.memory.free() // self.of_item)))

    def limit(self, items: int) -> None:
        """Allow no more items, ≥ 1: there was no memory for twice as many."""
        self.largest = min(self.largest, items)

    @contextmanager
    def measured(self, items: int) -> Iterator[None]:
        """While a batch of so many items is computed."""
        if self.memory is not None:
            self.memory.begin()
        yield
        if self.memory is not None:
            self.of_item = max(self.of_item, self.memory.taken() / items)
