"""Registry: the metrics. One file a metric says what it is called, which direction is better, and how it is computed.

Its module defines `ENTRY`: an `ImageMetric` of two images, a `MapMetric` of two label maps, a `CaseMetric` of a
composite with all that it was made from, or a `SetMetric` of two sets of images. What is imported at the top must not
be torch, and nothing slow: planning reads all entries to know the names of metrics.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from stages.errors import UserError
from stages.regions.pair import Pair
from stages.registry import check_words
from stages.scoring.prepared import Comparison, PreparedImage, Setup

if TYPE_CHECKING:
    from stages.scoring.judges import Judges

Direction = Literal["higher", "lower"]
# whole: an image and its embedding. self-transfer: the same, for an image that gets its own hair. kept: a composite and
# the identity, where that must stay. outside: the same, where neither its own map nor the identity's shows what is
# taken. taken: a composite and each reference. region: one region, by the last judge.
View = Literal["whole", "self-transfer", "kept", "outside", "taken", "region"]


class Case(NamedTuple):
    """A composite and what it was made from.

    `sources` and `own`: all images of the pair and their label maps (H, W), in the pair's order. `target`: its map.
    """

    pair: Pair
    composite: PreparedImage
    sources: Sequence[PreparedImage]
    own: Sequence[np.ndarray]
    target: np.ndarray


class Measured(NamedTuple):
    """A value, and why it is not finite if it is not."""

    value: float
    note: str = ""


class SetPart(NamedTuple):
    """One of the numbers of a set metric: what is added to the metric's name, the value, and its interval if any.

    `note`: why the value is missing, if it is.
    """

    suffix: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class _Metric:
    """What all metrics say: the better direction, the range of values, and where the metric is from.

    `backbone`: the title of the network that measures, where the metric's names do not say it.
    Raises UserError if the direction is none, or the range is not from a smaller to a larger number.
    """

    direction: Direction
    range: tuple[float, float]
    source: str
    backbone: Callable[[Setup], str | None] = lambda _: None

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise UserError(f'direction is "{self.direction}"; it must be {" or ".join(get_args(Direction))}')
        if not (len(self.range) == 2 and self.range[0] < self.range[1]):
            raise UserError(f"range is {self.range}; it must be (smallest, largest)")


@dataclass(frozen=True, kw_only=True)
class ImageMetric(_Metric):
    """A metric of two images.

    `views`: what it looks at. `names`: as in the table, without the view; all that a value depends on. `prepare`: gives
    the function that measures, a value for each name; networks are loaded there. `networks`: those whose weights it
    needs beside the judges. `undefined`: why a value may be nan under a mask that is not empty; without it none may be.
    Raises UserError also if a view is unknown.
    """

    views: Sequence[View]
    names: Callable[[Setup], list[str]]
    prepare: Callable[["Judges"], Callable[[Comparison], list[float]]]
    networks: Sequence[str] = ()
    undefined: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words("views", self.views, get_args(View))


@dataclass(frozen=True, kw_only=True)
class MapMetric(_Metric):
    """A metric of a composite's label map, the target map (both (H, W) uint8) and the labels that count.

    It is measured of what is taken, of single regions, and as the mean over all regions; nan where none is.
    """

    names: Callable[[Setup], list[str]]
    measure: Callable[[np.ndarray, np.ndarray, Iterable[int]], float]


@dataclass(frozen=True, kw_only=True)
class CaseMetric(_Metric):
    """A metric of a composite with all that it was made from.

    `names`, `prepare`, `networks`: as of `ImageMetric`. `wanted`: whether the settings ask for it. `applies`: whether
    it says anything of some pairs; if not, it has no rows.
    """

    names: Callable[[Setup], list[str]]
    prepare: Callable[["Judges"], Callable[[Case], list[Measured]]]
    networks: Sequence[str] = ()
    wanted: Callable[[Setup], bool] = lambda _: True
    applies: Callable[[Sequence[Pair]], bool] = lambda _: True


@dataclass(frozen=True, kw_only=True)
class SetMetric(_Metric):
    """A metric of two sets of images, by their features (n, d) and (m, d).

    `title`: its name on features of a name. `measure`: gets the features, the images that each sample was made from
    (`images_x`, `images_y`, as `stages.statistics.images.joined` gives them), and `permutations` and `seed` of what is
    drawn. `on`: whether it is measured on features of a name.
    """

    title: Callable[[str], str]
    measure: Callable[..., list[SetPart]]
    on: Callable[[str], bool] = lambda _: True


Metric = ImageMetric | MapMetric | CaseMetric | SetMetric
