"""What must not run twice at a time, where items are measured in threads: dlib's and OpenCV's networks."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_one_at_a_time = threading.RLock()


def alone(function: Callable[P, T]) -> Callable[P, T]:
    """A function that no two threads are in at a time, nor in another such function."""

    @wraps(function)
    def called(*arguments: P.args, **more: P.kwargs) -> T:
        with _one_at_a_time:
            return function(*arguments, **more)

    return called
