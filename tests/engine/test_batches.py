"""The size of a batch: fixed, one on a CPU, and on a GPU what its memory holds, by a stand-in for it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.engine.batches import LARGEST, BatchSize, GpuMemory, device_memory

GIB = 2**30


class Card:
    """A GPU's memory, of which the networks and whatever else is there take a part."""

    def __init__(self, size, in_use):
        self.size, self.in_use, self.peak = size, in_use, 0

    def free(self):
        return self.size - self.in_use

    def begin(self):
        self.peak = 0

    def taken(self):
        return self.peak

    def compute(self, items, each):
        """Whether so many items fit."""
        self.peak = items * each
        return self.peak <= self.free()


def sizes(card, size, batches, each):
    """The sizes of batches that were computed."""
    done = []
    for _ in range(batches):
        with size.measured(size.next()):
            done.append(size.next())
            assert card.compute(done[-1], each)
    return done


@given(st.floats(0.1, 100), st.floats(0, 0.9), st.floats(0.01, 1))
def test_batches_fill_the_memory_and_no_more(size, in_use, each):
    """At least three quarters of what would fit, unless that is more than is sensible; the first is one item."""
    card = Card(size * GIB, in_use * size * GIB)
    each = each * card.free()
    first, *others = sizes(card, BatchSize("auto", card), 4, each)
    fit = card.free() / each
    assert first == 1
    assert all(min(LARGEST, int(0.75 * fit)) <= count <= min(LARGEST, fit) for count in others)


def test_the_largest_item_so_far_decides():
    card = Card(100 * GIB, 0)
    size = BatchSize("auto", card)
    for each, count in ((10, 8), (20, 4), (5, 4)):
        with size.measured(1):
            card.compute(1, each * GIB)
        assert size.next() == count


def test_a_batch_that_failed_is_not_measured():
    card = Card(100 * GIB, 0)
    size = BatchSize("auto", card)
    with pytest.raises(torch.OutOfMemoryError), size.measured(8):
        card.compute(8, 20 * GIB)
        raise torch.OutOfMemoryError
    assert size.next() == 1
    with size.measured(1):
        card.compute(1, GIB)
    size.limit(4)
    assert size.next() == 4
    size.limit(8)
    assert size.next() == 4


@pytest.mark.parametrize(("batch", "memory", "expected"), [("auto", None, 1), (5, None, 5), (5, Card(GIB, 0), 5)])
def test_fixed_sizes_and_the_cpu(batch, memory, expected):
    size = BatchSize(batch, memory)
    for _ in range(3):
        assert size.next() == expected
        with size.measured(expected):
            if memory:
                memory.compute(1, GIB)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_memory_is_what_tensors_take():
    """To 10 %, as the allocator rounds up; what was freed is free again."""
    memory = device_memory()
    assert isinstance(memory, GpuMemory)
    before = memory.free()
    memory.begin()
    x = torch.zeros(GIB // 4, dtype=torch.uint8, device="cuda")
    kept = (x + 1)[: GIB // 8].clone()
    del x
    assert memory.taken() == pytest.approx(GIB / 2 - GIB / 8, rel=0.1)
    del kept
    assert memory.free() == pytest.approx(before, rel=0.1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU")
def test_there_is_no_gpu_memory_on_a_cpu():
    assert device_memory() is None
