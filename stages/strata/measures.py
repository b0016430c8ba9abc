"""What can be said of one face by its pixels, its label map and its landmarks."""

import math
from typing import TypedDict

import cv2
import numpy as np
from skimage.color import rgb2lab

from stages.regions.labels import LabelScheme
from stages.strata.pose import CHIN, eye_distance, eyes, head_pose

BROWS, SUBNASALE = slice(17, 27), 33
LOWEST = 0.98  # share of the hair above its lowest row: what is below are scraps of the parser and single strands
# Of the height between brows and subnasale. Brows to hairline is as high (canon of the three thirds), and hairlines
# differ: hair in the lower part of it has fallen there.
FOREHEAD = 0.6
EDGE = 8  # px at 1024 px that a region shrinks by, so that no border of another one counts
MIN_HAT, MIN_GLASSES = 0.01, 0.002  # shares of the image; less are scraps of the parser


class Values(TypedDict):
    """A row of images.csv but its name and size: nan, or `unknown`, for what cannot be said."""

    yaw: float
    pitch: float
    roll: float
    eye_distance: float
    hair_length: float
    fringe: float
    hair_share: float
    hair_cut: float
    hat: str
    glasses: str
    sharpness: float
    tone: float


def measure(pixels: np.ndarray, labels: np.ndarray, scheme: LabelScheme, landmarks: np.ndarray | None) -> Values:
    """All values of a face.

    Args:
        pixels: RGB, uint8 (H, W, 3).
        labels: label map, uint8 (h, w), of the same picture at any size.
        scheme: what the labels mean.
        landmarks: (68, 2) in pixels of `pixels`, or None if there is no face.
    """
    size = (pixels.shape[1], pixels.shape[0])
    labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    hair = labels == scheme["hair"]
    nothing = math.nan
    pose = (nothing, nothing, nothing) if landmarks is None else head_pose(landmarks)
    return {
        "yaw": pose[0],
        "pitch": pose[1],
        "roll": pose[2],
        "eye_distance": nothing if landmarks is None else eye_distance(landmarks),
        "hair_length": nothing if landmarks is None else hair_length(hair, landmarks),
        "fringe": nothing if landmarks is None else fringe(hair, landmarks),
        "hair_share": float(hair.mean()),
        "hair_cut": hair_cut(hair),
        "hat": worn(labels, scheme, "hat", MIN_HAT),
        "glasses": worn(labels, scheme, "glasses", MIN_GLASSES),
        "sharpness": sharpness(pixels, np.isin(labels, scheme.indices("face"))),
        "tone": skin_tone(pixels, labels == scheme["skin"]),
    }


def hair_length(hair: np.ndarray, landmarks: np.ndarray) -> float:
    """How far down hair (H, W) bool reaches, by the face: 0 at the line of the eyes, 1 at the chin; nan without hair.

    Long hair leaves an FFHQ crop at about 1.2. A value there means so long or longer.
    """
    if not hair.any():
        return math.nan
    rows = np.cumsum(hair.sum(axis=1))
    lowest = float(np.searchsorted(rows, LOWEST * rows[-1]))
    line = float(np.mean(eyes(landmarks), axis=0)[1])
    return (lowest - line) / float(landmarks[CHIN][1] - line)


def fringe(hair: np.ndarray, landmarks: np.ndarray) -> float:
    """The share of the lower forehead that hair (H, W) bool covers, in [0, 1].

    The lower forehead is as wide as the outer corners of the eyes, and reaches from the brows up by `FOREHEAD` of the
    height between brows and subnasale.
    """
    across = landmarks[45] - landmarks[36]
    up = np.array([across[1], -across[0]]) / np.hypot(*across)
    brows = landmarks[BROWS].mean(0)
    height = float((brows - landmarks[SUBNASALE]) @ up)
    bottom = (landmarks[36] + landmarks[45]) / 2
    bottom = bottom + up * float((brows - bottom) @ up)
    top = bottom + up * height * FOREHEAD
    corners = np.array([bottom - across / 2, bottom + across / 2, top + across / 2, top - across / 2])
    forehead = cv2.fillConvexPoly(np.zeros(hair.shape, np.uint8), np.round(corners).astype(np.int32), 1) > 0
    return float(hair[forehead].mean()) if forehead.any() else math.nan


def hair_cut(hair: np.ndarray) -> float:
    """How far hair (H, W) bool leaves the frame: the larger share of its left and its right side that hair covers.

    What leaves above or below is hidden there in a composite as well: all faces are in the same place.
    """
    return float(max(hair[:, 0].mean(), hair[:, -1].mean()))


def worn(labels: np.ndarray, scheme: LabelScheme, what: str, least: float) -> str:
    """`yes` or `no`: whether a label covers at least a share of the map; `unknown` if the scheme has no such label."""
    if what not in scheme.labels:
        return "unknown"
    return "yes" if float((labels == scheme[what]).mean()) >= least else "no"


def sharpness(pixels: np.ndarray, face: np.ndarray) -> float:
    """Variance of the Laplacian of grey values in [0, 255] inside a face (H, W) bool; ≥ 0, nan without a face.

    It grows with contrast and noise, too: it orders the images of one run, and has no scale of its own.
    Source: Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000.
    """
    inside = _inner(face)
    if not inside.any():
        return math.nan
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F)[inside].var())


def skin_tone(pixels: np.ndarray, skin: np.ndarray) -> float:
    """Individual typology angle of skin (H, W) bool in degrees, from the medians of L* and b*; nan without skin.

    It is that of the photo: light and white balance are in it. Source: Chardon et al., Skin colour typology and
    suntanning pathways, Int. J. Cosmet. Sci. 13, 1991.
    """
    inside = _inner(skin)
    if not inside.any():
        return math.nan
    lab = np.median(rgb2lab(pixels[inside][None])[0], axis=0)
    return typology_angle(float(lab[0]), float(lab[2]))


def typology_angle(lightness: float, yellow: float) -> float:
    """Individual typology angle in degrees of a colour's L* and b*."""
    return math.degrees(math.atan2(lightness - 50, yellow))


def _inner(region: np.ndarray) -> np.ndarray:
    """A region (H, W) bool without its border."""
    width = 2 * round(EDGE * len(region) / 1024) + 1
    shrunk: np.ndarray = cv2.erode(region.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    return shrunk
