"""Registry: the fills. One file says how the holes of a target map get their labels.

Its module is called as `target.fill` in params.yaml and defines `ENTRY`: a `Fill`, a function of labels, holes and
label scheme; a `Learned`, which asks a network of its own; or a `Completion`, which makes the whole map with networks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stages.networks import Role
from stages.params.faces_to_targets import CompletionParams
from stages.regions.labels import LabelScheme
from stages.regions.target_map import HoleFill

if TYPE_CHECKING:
    from stages.codes.completing import Filled
    from stages.codes.optimise import OnStep
    from stages.nets.completer_net import Completer
    from stages.nets.interfaces import Generator, Parser

Complete = Callable[
    ["Generator", "Parser", np.ndarray, np.ndarray, CompletionParams, Callable[[int], "OnStep"]],
    tuple[np.ndarray, str | None],
]


@dataclass(frozen=True)
class Fill:
    """A fill of the holes between the regions that a pair takes, and where it is from."""

    source: str
    fill: HoleFill


@dataclass(frozen=True)
class Learned:
    """A fill by a network that says which fill it is for (`Network.fill`), and where it is from.

    `fill` gets the network, and what a `HoleFill` gets. It gives labels, and how doubtful they are.
    """

    source: str
    fill: "Callable[[Completer, np.ndarray, np.ndarray, LabelScheme], Filled]"


@dataclass(frozen=True)
class Completion:
    """A target map made with networks, of pairs that take hair only.

    `compose` gets the generator, the parser, the label maps of identity and reference, section `target.completion` and
    a function that gives an `OnStep` for the number of a fit. It returns the map, uint8 (H, W), and what failed.
    """

    source: str
    networks: tuple[Role, ...]
    compose: Complete
