"""How often intervals cover the true mean, and how often equal methods are told apart, by simulation.

    python -m benchmarks.coverage

Items are pairs of images, as lists of pairs have them. A value is the sum of an effect of its first image, one of its
second, and noise. Printed for each design: the coverage of 95 % intervals and their mean width. Compared are the
jackknife over images, which the table uses (`stages.statistics.intervals`), Student's t over items, the BCa bootstrap
over items, and the crossed bootstrap, which draws identities and references apart. Then, for tables of equal methods,
the share with any figure in bold.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import bootstrap
from scipy.stats import t as student

from stages.statistics.comparison import Values, leaders
from stages.statistics.images import joined
from stages.statistics.intervals import mean_interval

LEVEL = 0.95
RESAMPLES = 400
Draw = Callable[[np.random.Generator], np.ndarray]


class Design(NamedTuple):
    """A kind of list: `n` pairs. `images`: 0, each image is in one pair; k, any two different ones of k images.
    `crossed`: identities are one half of the images and references the other."""

    n: int
    images: int = 0
    crossed: bool = False

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """First and second image of every pair, int (n, 2)."""
        if not self.images:
            return np.arange(2 * self.n).reshape(self.n, 2)
        half = self.images // 2
        first, second = np.meshgrid(np.arange(self.images), np.arange(self.images), indexing="ij")
        allowed = (first < half) & (second >= half) if self.crossed else first != second
        every = np.stack([first[allowed], second[allowed]], axis=1)
        return rng.permutation(every)[: self.n]


class Effects(NamedTuple):
    """Standard deviations: of images as first, as second, of noise. `shared`: an image has one effect in both places.
    `skewed`: all of them are gamma distributed with shape 2 (skewness 1.4), else normal."""

    first: float
    second: float
    noise: float
    shared: bool = False
    skewed: bool = False

    def values(self, pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A value for every pair, of mean 0."""
        count = pairs.max() + 1
        one = self._standard(count, rng)
        other = one if self.shared else self._standard(count, rng)
        return (
            self.first * one[pairs[:, 0]]
            + self.second * other[pairs[:, 1]]
            + self.noise * self._standard(len(pairs), rng)
        )

    def _standard(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return (rng.gamma(2, size=n) - 2) / np.sqrt(2) if self.skewed else rng.normal(size=n)


DESIGNS = [
    Design(4), Design(6), Design(12), Design(12, 8), Design(12, 12, crossed=True), Design(50, 40), Design(198, 120),
    Design(198, 120, crossed=True),
]  # fmt: skip
EFFECTS = {
    "noise alone": Effects(0, 0, 1),
    "images count": Effects(1, 1, 0.5),
    "the same in both places": Effects(1, 1, 0.5, shared=True),
    "skewed": Effects(1, 1, 0.5, skewed=True),
}


def image_texts(pairs: np.ndarray) -> list[str]:
    """The images of pairs as the table has them."""
    return [joined(map(str, pair)) for pair in pairs]


def images_jackknife(values: np.ndarray, pairs: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    found = mean_interval(values, image_texts(pairs), level=LEVEL)
    return found.low, found.high


def students(values: np.ndarray, pairs: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    low, high = student.interval(LEVEL, len(values) - 1, values.mean(), values.std(ddof=1) / np.sqrt(len(values)))
    return float(low), float(high)


def bca(values: np.ndarray, pairs: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = bootstrap((values,), np.mean, confidence_level=LEVEL, n_resamples=RESAMPLES, rng=rng)
    return found.confidence_interval.low, found.confidence_interval.high


def crossed(values: np.ndarray, pairs: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Weights of rows times those of columns: Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 1, 2007."""
    weights = np.ones((RESAMPLES, len(values)))
    for column in pairs.T:
        _, place = np.unique(column, return_inverse=True)
        count = place.max() + 1
        weights *= rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)[:, place]
    weights = weights[weights.sum(1) > 0]
    low, high = np.quantile(weights @ values / weights.sum(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


INTERVALS = {"images": images_jackknife, "Student's t": students, "BCa": bca, "crossed": crossed}


def coverage(design: Design, effects: Effects, kinds: dict[str, Callable], repeats: int, seed: int) -> pd.DataFrame:
    """Share of intervals that hold 0, the true mean, and their mean width: a row a kind of interval."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(repeats):
        pairs = design.draw(rng)
        values = effects.values(pairs, rng)
        for name, interval in kinds.items():
            low, high = interval(values, pairs, rng)
            rows.append((name, low <= 0 <= high, high - low))
    return pd.DataFrame(rows, columns=["interval", "covers", "width"]).groupby("interval", sort=False).mean()


def equal_methods(
    design: Design, effects: Effects, rng: np.random.Generator, methods: int = 4, metrics: int = 12
) -> list[Values]:
    """The metrics of methods between which there is no difference; half of the metrics depend on one another."""
    pairs = design.draw(rng)
    images, names = image_texts(pairs), [f"m{k}" for k in range(methods)]
    shared = np.stack([effects.values(pairs, rng) for _ in names], axis=1)
    found = []
    for metric in range(metrics):
        common = effects.values(pairs, rng)[:, None]  # what makes a pair hard for all methods
        own = np.stack([effects.values(pairs, rng) for _ in names], axis=1)
        values = common + own + (shared if metric % 2 else 0)
        found.append(Values("transfer", f"{metric}", names, values, np.zeros(values.shape, bool), images, 1))
    return found


def false_leaders(design: Design, effects: Effects, repeats: int, seed: int, **table: int) -> float:
    """The share of tables of equal methods in which any figure is bold."""
    rng = np.random.default_rng(seed)
    return float(
        np.mean([bool(leaders(equal_methods(design, effects, rng, **table), level=LEVEL)) for _ in range(repeats)])
    )


def main() -> None:
    for name, effects in EFFECTS.items():
        for design in DESIGNS:
            found = coverage(design, effects, INTERVALS, 1000, 0)
            cells = [f"{kind} {row.covers:.1%}, width {row.width:.2f}" for kind, row in found.iterrows()]
            print(f"{name}; {design}: {'; '.join(cells)}", flush=True)
    for name, effects in EFFECTS.items():
        for design in DESIGNS:
            print(
                f"{name}; {design}: {false_leaders(design, effects, 300, 0):.1%} of tables have a false leader",
                flush=True,
            )


if __name__ == "__main__":
    main()
