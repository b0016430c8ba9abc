"""Skin that a transfer uncovers, and the shade that it should have by the skin that was seen before.

The middle colour of the visible skin says little: light comes from one side, and cheeks are redder than foreheads. On
drawn faces whose foreheads were hidden (docs/results.md) it hardly tells a stain of old hair. A plane through the
shades does: it goes on as the light falls.
"""

import numpy as np

GRID = 32  # cells along the side of an image. What is finer is grain, pores and single strands, and no shade
# Units of L*a*b*. Visible cells that are so far from the plane count a quarter: a shadow, a highlight, a beard.
ODD = 10.0
# Of the square of the image's side: the variance of the places of visible skin at which half of a slope is believed.
STIFF = 0.002
ROUNDS = 15  # of the fit, after which it changes by less than a tenth of a unit


def cell_means(image: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of an image over the cells of a grid, under a mask.

    Args:
        image: (S, S, C), `GRID` divides S.
        weights: (S, S) in [0, 1].

    Returns:
        The means (GRID, GRID, C), 0 where a cell has no weight, and each cell's share of weight (GRID, GRID).
    """
    side = len(image) // GRID

    def pooled(values: np.ndarray) -> np.ndarray:
        means: np.ndarray = values.reshape(GRID, side, GRID, side, -1).mean((1, 3))
        return means

    shares = pooled(weights)
    means = pooled(image * weights[..., None]) / np.where(shares > 0, shares, 1)
    return means, shares[..., 0]


def shade(colours: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The colour that skin should have in every cell, by a plane through the visible skin.

    Least squares, in which a cell counts by its share and by Geman and McClure's weight of its distance from the plane,
    1 / (1 + (distance / ODD)²)². They begin at the median colour. Slopes are drawn to 0 by `STIFF`, so that a small
    patch of skin says its colour and no slope.

    Args:
        colours: (GRID, GRID, 3) in L*a*b*.
        shares: (GRID, GRID) ≥ 0, how much visible skin each cell has; not all 0.

    Returns:
        (GRID, GRID, 3) in L*a*b*.
    """
    rows, columns = np.mgrid[:GRID, :GRID]
    places = np.stack([rows.ravel(), columns.ravel()], 1) / GRID
    known = shares.ravel() > 0
    seen, at, share = colours.reshape(-1, 3)[known], places[known], shares.ravel()[known]
    off = np.linalg.norm(seen - np.median(seen, axis=0), axis=1)
    for _ in range(ROUNDS):
        weights = share / np.square(1 + np.square(off / ODD))
        weights = weights / weights.sum()
        middle, mean = weights @ at, weights @ seen
        moved = at - middle
        weighted = (moved * weights[:, None]).T
        slopes = np.linalg.solve(weighted @ moved + STIFF * np.eye(2), weighted @ (seen - mean))
        off = np.linalg.norm(seen - mean - moved @ slopes, axis=1)
    plane: np.ndarray = mean + (places - middle) @ slopes
    return plane.reshape(GRID, GRID, 3)
