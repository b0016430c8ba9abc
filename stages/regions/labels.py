"""Label schemes: which number means which part of a face, and which labels make a region that can be transferred."""

from dataclasses import dataclass

import numpy as np

COVERS = ("hat", "glasses")  # part of a region when its shape is taken, not of its look


@dataclass(frozen=True)
class LabelScheme:
    """Names of the labels of a parser, in the order of their indices, and the regions made of them.

    `regions` names what a pair may take from another image. `behind` and `middle` are the layers of the
    target map (paper, supplement): what lies behind the head, and the head itself; hair lies on top of both.
    `spreads` are the labels of `middle` that may grow into a hole: skin may, an eye may not. `uncovered` are those
    that a face may show where hair is taken off it, though no map says so.
    """

    name: str
    labels: tuple[str, ...]
    regions: dict[str, tuple[str, ...]]
    behind: tuple[str, ...]
    spreads: tuple[str, ...]
    uncovered: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, label: str) -> int:
        return self.labels.index(label)

    def indices(self, region: str) -> tuple[int, ...]:
        """Indices of the labels that make `region`."""
        return tuple(self[label] for label in self.regions[region])

    def look_indices(self, region: str) -> tuple[int, ...]:
        """Indices of the labels whose look is that of `region`: all but what covers it."""
        return tuple(self[label] for label in self.regions[region] if label not in COVERS)

    @property
    def behind_indices(self) -> tuple[int, ...]:
        return tuple(self[label] for label in self.behind)

    @property
    def spread_indices(self) -> tuple[int, ...]:
        return tuple(self[label] for label in self.spreads)

    @property
    def uncovered_indices(self) -> tuple[int, ...]:
        return tuple(self[label] for label in self.uncovered)

    @property
    def hidden_indices(self) -> tuple[int, ...]:
        """What hair may have hidden, each once: all that a hole may be filled with."""
        return tuple(dict.fromkeys(self.behind_indices + self.spread_indices + self.uncovered_indices))

    @property
    def mirrored(self) -> tuple[int, ...]:
        """For each label the one that it is in a mirrored image."""
        other = {"left": "right", "right": "left"}
        sides = ((label, *label.partition("_")) for label in self.labels)
        return tuple(self[f"{other[side]}_{part}" if side in other else label] for label, side, _, part in sides)


CELEBAMASK_19 = LabelScheme(
    name="celebamask-19",
    labels=(
        "background",
        "skin",
        "left_brow",
        "right_brow",
        "left_eye",
        "right_eye",
        "glasses",
        "left_ear",
        "right_ear",
        "earring",
        "nose",
        "mouth",
        "upper_lip",
        "lower_lip",
        "neck",
        "necklace",
        "clothes",
        "hair",
        "hat",
    ),
    regions={
        # A hat covers hair: left to the identity it would sit on top of the new hair.
        "hair": ("hair", "hat"),
        "face": (
            "skin",
            "left_brow",
            "right_brow",
            "left_eye",
            "right_eye",
            "glasses",
            "nose",
            "mouth",
            "upper_lip",
            "lower_lip",
        ),
        "brows": ("left_brow", "right_brow"),
        "eyes": ("left_eye", "right_eye"),
        "nose": ("nose",),
        "mouth": ("mouth", "upper_lip", "lower_lip"),
        "background": ("background",),
    },
    behind=("background", "neck", "necklace", "clothes"),
    spreads=("skin",),
    uncovered=("skin", "left_brow", "right_brow", "left_ear", "right_ear"),
)

# Barbershop's own scheme (`seg.pth`): one label for both eyes, brows and ears, in another order.
CELEBAMASK_16 = LabelScheme(
    name="celebamask-16",
    labels=(
        "background",
        "skin",
        "nose",
        "glasses",
        "eyes",
        "brows",
        "ears",
        "mouth",
        "upper_lip",
        "lower_lip",
        "hair",
        "hat",
        "earring",
        "necklace",
        "neck",
        "clothes",
    ),
    regions={
        "hair": ("hair", "hat"),
        "face": ("skin", "brows", "eyes", "glasses", "nose", "mouth", "upper_lip", "lower_lip"),
        "brows": ("brows",),
        "eyes": ("eyes",),
        "nose": ("nose",),
        "mouth": ("mouth", "upper_lip", "lower_lip"),
        "background": ("background",),
    },
    behind=("background", "neck", "necklace", "clothes"),
    spreads=("skin",),
    uncovered=("skin", "brows", "ears"),
)

SCHEMES = {scheme.name: scheme for scheme in (CELEBAMASK_19, CELEBAMASK_16)}

# Index in CELEBAMASK_16 of every label of CELEBAMASK_19: left and right become one.
FROM_19 = tuple(
    CELEBAMASK_16[f"{label.split('_')[1]}s" if label.startswith(("left_", "right_")) else label]
    for label in CELEBAMASK_19.labels
)

# The labels in the order of the data set CelebAMask-HQ, by the names of CELEBAMASK_19, whose order is the parser's.
CELEBAMASK_HQ = (
    "background",
    "skin",
    "nose",
    "glasses",
    "left_eye",
    "right_eye",
    "left_brow",
    "right_brow",
    "left_ear",
    "right_ear",
    "mouth",
    "upper_lip",
    "lower_lip",
    "hair",
    "hat",
    "earring",
    "necklace",
    "neck",
    "clothes",
)


def to_celebamask_hq(labels: np.ndarray) -> np.ndarray:
    """A label map in the data set's own numbers from one of CELEBAMASK_19; uint8, of the same shape."""
    numbers = np.array([CELEBAMASK_HQ.index(label) for label in CELEBAMASK_19.labels], np.uint8)
    renumbered: np.ndarray = numbers[labels]
    return renumbered


def in_common(labels: np.ndarray, scheme: LabelScheme, other: LabelScheme) -> np.ndarray:
    """A label map of `scheme` in the labels that both schemes can tell apart; uint8, of the same shape.

    Two schemes that differ have CELEBAMASK_16 in common: it is CELEBAMASK_19 with left and right made one.
    """
    return to_16(labels) if (scheme, other) == (CELEBAMASK_19, CELEBAMASK_16) else labels


def to_16(labels: np.ndarray) -> np.ndarray:
    """Label map of CELEBAMASK_16 from one of CELEBAMASK_19, of any shape and integer type; uint8."""
    united: np.ndarray = np.array(FROM_19, np.uint8)[labels]
    return united
