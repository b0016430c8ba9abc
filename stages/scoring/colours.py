"""Colours of two regions in CIE L*a*b*: how far apart their means are, and how far their distributions.

Images are (H, W, 3) in [0, 1], sRGB. A mask (H, W) holds weights ≥ 0 and is not empty. Both have their own shapes.
"""

import numpy as np


def colour_difference(a: np.ndarray, mask_a: np.ndarray, b: np.ndarray, mask_b: np.ndarray) -> float:
    """CIEDE2000 of the mean colours, taken in L*a*b*, of two images under their masks; at least 0.

    A difference of 1 is about the least that an eye sees. Source: Sharma, Wu and Dalal 2005, through scikit-image.
    """
    from skimage.color import deltaE_ciede2000

    means = [np.average(_lab(x), axis=0, weights=m.ravel()) for x, m in ((a, mask_a), (b, mask_b))]
    return float(deltaE_ciede2000(*means))


def histogram_distance(a: np.ndarray, mask_a: np.ndarray, b: np.ndarray, mask_b: np.ndarray) -> float:
    """Earth mover's distance of the colours of two images under their masks, in units of L*a*b*; at least 0.

    It is measured of each of L*, a* and b* alone, exactly and so without bins; the result is the root of the sum of
    the three squares. Where all colours are shifted alike that is the length of the shift, ΔE*76. Unlike the mean it
    sees strands and highlights that are gone.

    Source: Rubner, Tomasi and Guibas, "The earth mover's distance as a metric for image retrieval", IJCV 40(2), 2000;
    in one dimension through SciPy.
    """
    from scipy.stats import wasserstein_distance

    colours_a, colours_b = _lab(a), _lab(b)
    distances = [
        wasserstein_distance(colours_a[:, k], colours_b[:, k], mask_a.ravel(), mask_b.ravel()) for k in range(3)
    ]
    return float(np.linalg.norm(distances))


def _lab(image: np.ndarray) -> np.ndarray:
    """The colours (H · W, 3) of an image in L*a*b*, L* in [0, 100]."""
    from skimage.color import rgb2lab

    colours: np.ndarray = rgb2lab(image).reshape(-1, 3)
    return colours
