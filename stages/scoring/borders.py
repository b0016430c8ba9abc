"""What stands along the border of a region: how sharp it is, and whether a seam shows.

Images are (H, W, 3) in [0, 1], sRGB. A region is bool (H, W).
"""

import math
from collections.abc import Sequence

import numpy as np

SIGMA = 1.0  # px of the Gaussian that a gradient is taken with
REACH = 64  # the image's side over the px on either side of a border that count: 4 px at 256 px


def border(region: np.ndarray) -> np.ndarray:
    """The pixels on both sides of a region's border, bool (H, W); the frame of the image is no border."""
    from scipy.ndimage import binary_dilation

    sides: np.ndarray = (binary_dilation(region) & ~region) | (binary_dilation(~region) & region)
    return sides


def sharpness(image: np.ndarray, region: np.ndarray) -> float:
    """How steep the lightness of an image is at the border of a region, over how much it changes there; per pixel.

    Both are the largest within the reach of each pixel of the border, so that a border which lies a little off the
    edge counts the same. The quotient of their means depends on the width of the edge and not on the contrast of hair
    and background: it is about 0.4 for a step, and becomes less the more the image is blurred.

    Returns:
        A number above 0; nan without a border or without contrast along it.
    """
    from scipy.ndimage import gaussian_gradient_magnitude, maximum_filter, minimum_filter
    from skimage.color import rgb2lab

    sides, window = border(region), _window(image)
    lightness = rgb2lab(image)[..., 0]
    steepness = maximum_filter(gaussian_gradient_magnitude(lightness, SIGMA), window)
    change = maximum_filter(lightness, window) - minimum_filter(lightness, window)
    total = change[sides].sum()
    return float(steepness[sides].sum() / total) if total > 0 else math.nan


def sharpness_gap(a: np.ndarray, region_a: np.ndarray, b: np.ndarray, region_b: np.ndarray) -> float:
    """|log2| of the quotient of two sharpnesses, each at its own region's border.

    0 if they are equal, 1 if one is twice the other; nan where one has none.
    """
    values = [sharpness(image, region) for image, region in ((a, region_a), (b, region_b))]
    if not all(value > 0 for value in values):
        return math.nan
    return abs(math.log2(values[0] / values[1]))


def seam(composite: np.ndarray, sources: Sequence[np.ndarray], region: np.ndarray) -> float:
    """How much steeper a composite's colours are along a region's border than any of its sources' there; at least 0.

    Of every pixel of the border: the steepest place within reach in the composite, less that in the sources; what is
    below 0 counts as 0. In units of L*a*b* per pixel. Hair before a background of another lightness has a steeper
    border without any seam: so compare methods on the same pairs.

    Returns:
        The mean over the border; nan without one.
    """
    sides = border(region)
    if not sides.any():
        return math.nan
    given = np.max([_steepest(source) for source in sources], axis=0)
    return float(np.maximum(0, _steepest(composite) - given)[sides].mean())


def _steepest(image: np.ndarray) -> np.ndarray:
    """The largest gradient of an image's colours within reach of each pixel, (H, W)."""
    from scipy.ndimage import gaussian_gradient_magnitude, maximum_filter
    from skimage.color import rgb2lab

    channels = np.moveaxis(rgb2lab(image), -1, 0)
    steepness = np.linalg.norm([gaussian_gradient_magnitude(channel, SIGMA) for channel in channels], axis=0)
    largest: np.ndarray = maximum_filter(steepness, _window(image))
    return largest


def _window(image: np.ndarray) -> int:
    return 2 * max(1, len(image) // REACH) + 1
