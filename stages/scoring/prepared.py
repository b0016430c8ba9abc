"""Images prepared for comparison, and what the names of metrics depend on. No torch here but in types."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


class Setup(NamedTuple):
    """What the names of metrics depend on.

    `size`: px at which images are compared. `judges`: the perceptual networks by their titles. `parser`, `parser_size`:
    the face parser and its px. `inception`: whether its weights are at hand. `identity`: whether that is measured.
    `judge_parsers`: other face parsers that judge the composites.
    `clip`: the CLIPs at hand by their titles. `arcface`: whether its file is at hand.
    """

    size: int
    judges: tuple[str, ...]
    parser: str
    parser_size: int
    inception: bool
    identity: bool
    judge_parsers: tuple[str, ...] = ()
    clip: tuple[str, ...] = ()
    arcface: bool = False


class PreparedImage(NamedTuple):
    """What is computed of an image once, however often it is compared: of a batch of one."""

    pixels: np.ndarray  # uint8 (H, W, 3)
    small: np.ndarray  # float64 (size, size, 3) in [0, 1]
    tensor: "Tensor"  # the same, (1, 3, size, size) in [-1, 1]
    features: dict[str, list["Tensor"]]  # of the perceptual networks, by name


class Comparison(NamedTuple):
    """Two prepared images, `a` the result and `b` what it is held against, and where they are compared.

    `mask`: weights (size, size) in [0, 1], never empty; None everywhere. `tensor_mask`: the same, (1, 1, size, size).
    Outside of it `a` has been made equal to `b`.
    """

    a: PreparedImage
    b: PreparedImage
    mask: np.ndarray | None
    tensor_mask: "Tensor | None"
