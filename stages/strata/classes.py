"""Strata: to which class of each kind an image or a pair belongs."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

UNKNOWN = "unknown"
FEW = 12  # items; a stratum with fewer says so
WIDE_GAP = 15.0  # degrees of yaw, above which a pair is in H-Adapter's pose-different set (arXiv:2606.25578)
FAR = 30.0
IDENTITY, REFERENCE = "of the identity", "of the reference"

# Upper ends of classes, in order; what is beyond the last one is in the last class.
POSE = ((WIDE_GAP, "yaw up to 15°"), (FAR, "yaw 15 to 30°"), (np.inf, "yaw over 30°"))
# Eyes to chin is 1: hair that ends above the mouth, about the chin, below the chin.
LENGTH = ((0.6, "short"), (1.05, "chin"), (np.inf, "long"))
FRINGE = ((0.1, "none"), (0.7, "part"), (np.inf, "full"))
# Degrees of the individual typology angle: Del Bino and Bernerd, Br. J. Dermatol. 169 (suppl. 3), 2013.
TONE = (
    (-30.0, "dark"), (10.0, "brown"), (28.0, "tan"), (41.0, "intermediate"), (55.0, "light"), (np.inf, "very light"),
)  # fmt: skip
SIZE = ((255.0, "below 256 px"), (511.0, "256 to 511 px"), (1023.0, "512 to 1023 px"), (np.inf, "1024 px and more"))
GAP = ((WIDE_GAP, "up to 15°"), (np.inf, "over 15°"))
CUT = ((0.2, "no"), (np.inf, "yes"))  # share of a side of the frame
DIFFICULTY = ("easy", "medium", "hard")
SHARPNESS = ("blurred third", "middle third", "sharp third")
YES_NO = ("yes", "no")

HAS_FRINGE = ("part", "full")
DARK, LIGHT = ("dark", "brown"), ("light", "very light")

# What makes a pair hard beside a wide gap of yaw, by the classes of its identity and of what gives hair.
Classes = Mapping[str, str]
RULES: dict[str, Callable[[Classes, Classes], bool]] = {
    "long_to_short": lambda one, other: (one["hair_length"], other["hair_length"]) == ("long", "short"),
    "fringe_to_bare": lambda one, other: one["fringe"] in HAS_FRINGE and other["fringe"] == "none",
    "dark_and_light": lambda one, other: any(
        a["tone"] in DARK and b["tone"] in LIGHT for a, b in ((one, other), (other, one))
    ),
    "hat_or_glasses": lambda one, other: "yes" in (one["hat"], one["glasses"], other["hat"], other["glasses"]),
    "cut_by_frame": lambda _, other: other["hair_cut"] == "yes",
}

# The classes of every kind, in the order in which they are shown.
ORDER: dict[str, tuple[str, ...]] = {
    "difficulty": DIFFICULTY,
    "yaw_gap": tuple(name for _, name in GAP),
    "pose": tuple(name for _, name in POSE),
    "hair_length": tuple(name for _, name in LENGTH),
    "fringe": tuple(name for _, name in FRINGE),
    "tone": tuple(name for _, name in TONE),
    "sharpness": SHARPNESS,
    "face_size": tuple(name for _, name in SIZE),
    "hat": YES_NO,
    "glasses": YES_NO,
    "hair_cut": YES_NO,
    **dict.fromkeys(RULES, YES_NO),
}
PAIR_KINDS = ("difficulty", "yaw_gap", *RULES)
IMAGE_KINDS = tuple(kind for kind in ORDER if kind not in PAIR_KINDS)


def classed(values: pd.Series, classes: Sequence[tuple[float, str]]) -> list[str]:
    """The class of each value: the first whose upper end it does not exceed; `unknown` for nan."""
    ends = np.array([end for end, _ in classes])
    names = [name for _, name in classes]
    return [UNKNOWN if np.isnan(v) else names[int(np.searchsorted(ends, v))] for v in values.to_numpy(dtype=float)]


def thirds(values: pd.Series, names: Sequence[str]) -> list[str]:
    """The third of the run to which each value belongs, from the lowest; equal values are in one, the lower one.

    Below three values there are no thirds, and all are unknown, as nan is.
    """
    numbers = values.to_numpy(dtype=float)
    finite = numbers[np.isfinite(numbers)]
    if len(finite) < len(names):
        return [UNKNOWN] * len(numbers)
    ordered, n = np.sort(finite), len(finite)
    ends = [ordered[-(-n * k // len(names)) - 1] for k in range(1, len(names))]
    return [UNKNOWN if not np.isfinite(v) else names[int(np.searchsorted(ends, v))] for v in numbers]


def image_classes(images: pd.DataFrame) -> dict[str, list[str]]:
    """For each kind of image strata the class of every row of images.csv."""
    return {
        "pose": classed(images["yaw"].abs(), POSE),
        "hair_length": classed(images["hair_length"], LENGTH),
        "fringe": classed(images["fringe"], FRINGE),
        "tone": classed(images["tone"], TONE),
        "sharpness": thirds(images["sharpness"], SHARPNESS),
        "face_size": classed(images["square"], SIZE),
        "hat": [value or UNKNOWN for value in images["hat"]],
        "glasses": [value or UNKNOWN for value in images["glasses"]],
        "hair_cut": classed(images["hair_cut"], CUT),
    }


def ruled(of_image: Mapping[str, Mapping[str, str]], pairs: Sequence[tuple[str, str]]) -> dict[str, list[bool]]:
    """For every rule which pairs (identity, what gives hair) it makes hard.

    `of_image`: by kind, the class of every image. What is unknown makes no pair hard.
    """
    images = set(itertools.chain.from_iterable(pairs))
    of_name = {image: {kind: found.get(image, UNKNOWN) for kind, found in of_image.items()} for image in images}
    return {rule: [holds(of_name[one], of_name[other]) for one, other in pairs] for rule, holds in RULES.items()}


def strata_of(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The stratum of every image and pair in every kind.

    Args:
        images, pairs: as `stages.strata.files` reads them.

    Returns:
        Columns item, kind, stratum. Kinds of images are those of `IMAGE_KINDS`. Kinds of pairs are `PAIR_KINDS`, and
        each kind of images twice: with `of the identity` and `of the reference` behind. What cannot be said is in
        the stratum `unknown`, so that a kind's strata hold all items.
    """
    rows: list[tuple[str, str, str]] = []
    of_image: dict[str, Mapping[str, str]] = {}
    for kind, classes in image_classes(images).items():
        of_image[kind] = dict(zip(images["image"], classes, strict=True))
        rows += [(image, kind, stratum) for image, stratum in of_image[kind].items()]
    difficulty = [value or UNKNOWN for value in pairs["difficulty"]]
    for kind, classes in (("difficulty", difficulty), ("yaw_gap", classed(pairs["yaw_gap"], GAP))):
        rows += [(pair, kind, stratum) for pair, stratum in zip(pairs["pair"], classes, strict=True)]
    for rule, holds in ruled(of_image, list(zip(pairs["identity"], pairs["reference"], strict=True))).items():
        rows += [(pair, rule, YES_NO[not yes]) for pair, yes in zip(pairs["pair"], holds, strict=True)]
    for kind, known_of in of_image.items():
        for role, column in ((IDENTITY, "identity"), (REFERENCE, "reference")):
            named = zip(pairs["pair"], pairs[column], strict=True)
            rows += [(pair, f"{kind} {role}", known_of.get(image, UNKNOWN)) for pair, image in named]
    return pd.DataFrame(rows, columns=["item", "kind", "stratum"])
