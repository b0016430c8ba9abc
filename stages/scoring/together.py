"""Items that are measured at once: what they ask of a network at the same time is one batch of it.

Each item has a thread, which runs the same code as alone. One that asks a network waits until all others ask one too or
are done. Then every network answers all that it was asked for images of one size in one pass. So a GPU sees batches,
and the work beside the networks is spread over the cores.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar, cast

import torch
from torch import Tensor

Answer = TypeVar("Answer", Tensor, list[Tensor])
T = TypeVar("T")

_here = threading.local()  # `round` and `number` in the thread of an item


class _Question(NamedTuple):
    """What the thread of an item asks, and where the answer or the error comes."""

    network: Callable[..., Tensor | list[Tensor]]
    tensors: Sequence[Tensor]
    answer: "Future[Tensor | list[Tensor]]"


class _Round:
    """The threads that still run, and the questions of those that wait, by the number of the item."""

    def __init__(self, items: int) -> None:
        self.running = items
        self.waiting: dict[int, _Question] = {}
        self.lock = threading.Lock()

    def ask(self, number: int, question: _Question) -> Tensor | list[Tensor]:
        """The answer, when all others wait too."""
        with self.lock:
            self.waiting[number] = question
            self._answer_if_all_wait()
        return question.answer.result()

    def leave(self) -> None:
        """A thread is at its end."""
        with self.lock:
            self.running -= 1
            self._answer_if_all_wait()

    def _answer_if_all_wait(self) -> None:
        if len(self.waiting) < self.running:
            return
        groups: dict[object, list[_Question]] = defaultdict(list)
        for _, question in sorted(self.waiting.items()):  # in the items' order, whichever thread was first
            groups[question.network, tuple(each.shape for each in question.tensors)].append(question)
        self.waiting = {}
        for group in groups.values():
            _answer(group)


def _answer(group: Sequence[_Question]) -> None:
    """Answer questions to one network for tensors of one shape."""
    counts = [len(question.tensors[0]) for question in group]
    try:
        found = group[0].network(*map(torch.cat, zip(*(question.tensors for question in group), strict=True)))
        if isinstance(found, Tensor):
            answers: Sequence[Tensor | list[Tensor]] = found.split(counts)
        else:
            answers = [list(parts) for parts in zip(*(each.split(counts) for each in found), strict=True)]
    except BaseException as error:
        for question in group:
            question.answer.set_exception(error)
    else:
        for question, answer in zip(group, answers, strict=True):
            question.answer.set_result(answer)


def ask(network: Callable[..., Answer], *tensors: Tensor) -> Answer:
    """What a network gives for tensors (B, …): a tensor (B, …) or a list of them.

    Within `at_once` it is computed together with what other items ask of the same network, else at once. What a
    network raises is raised for each that asked.

    Args:
        network: the same object for all items; no answer may depend on another image of the batch.
        tensors: what it is called with.
    """
    if not hasattr(_here, "round"):
        return network(*tensors)
    answer = _here.round.ask(_here.number, _Question(network, tensors, Future()))
    return cast("Answer", answer)  # as `network` gives it


def at_once(functions: Sequence[Callable[[], T]]) -> list[T]:
    """Call functions, each in a thread of its own without gradients, and return what they give, in their order.

    A single one is called as it is. Raises what the first of those that fail raises.
    """
    if len(functions) == 1:
        return [functions[0]()]
    together = _Round(len(functions))

    @torch.no_grad()
    def run(number: int, function: Callable[[], T]) -> T:
        _here.round, _here.number = together, number
        try:
            return function()
        finally:
            together.leave()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(run, range(len(functions)), functions))
