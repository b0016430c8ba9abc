"""A run of three drawn images and two methods, with judges that need no weights."""

import numpy as np
import torch
from PIL import Image

from stages.formats.label_maps import label_map_bytes
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.features import FeatureKind
from stages.scoring.judges import Judges
from stages.scoring.judging import Given, Judged, absent
from stages.scoring.protocols import score_reconstruction, score_transfer

BACKGROUND, SKIN, HAIR = (CELEBAMASK_19[name] for name in ("background", "skin", "hair"))
SIZE = 64
NULL = {"permutations": 20, "seed": 0}


class BrightnessParser:
    """Dark is background, grey skin, bright hair."""

    scheme, size = CELEBAMASK_19, SIZE

    def logits(self, image):
        grey = image.mean(1)
        logits = torch.zeros(len(image), len(CELEBAMASK_19), *grey.shape[1:])
        for label, low, high in ((BACKGROUND, -2, -0.5), (SKIN, -0.5, 0.5), (HAIR, 0.5, 2)):
            logits[:, label] = ((grey >= low) & (grey < high)).float()
        return logits


class FirstPixel:
    """A perceptual distance: the mean difference under the mask."""

    name = "difference"

    def features(self, image, blocks=None):
        return [image]

    def distance(self, a, b, mask=None):
        mask = torch.ones_like(a[0][:, :1]) if mask is None else mask
        return ((a[0] - b[0]).abs() * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)) / 3


def mean_colours(look):
    return look.small.mean((0, 1))


def identify(pixels):
    """The mean colour of an image, if it is not too dark to see a face."""
    return None if pixels.mean() < 40 else pixels.mean((0, 1)) / 255


def drawn_judges():
    """Judges that need no weights; an identity is a mean colour where `identify` stands in for dlib."""
    features = [FeatureKind("colour", mean_colours)]
    weights = {"dlib_landmarks": None, "dlib_identity": None}
    return Judges(
        {"difference": FirstPixel()}, BrightnessParser(), features, weights, SIZE, torch.device("cpu"), "bisenet19",
        identity=True,
    )  # fmt: skip


def image_of(labels, seed):
    """An image that the parser reads as a label map."""
    base = np.select([labels == BACKGROUND, labels == SKIN], [20, 128], 230)[..., None]
    return (base + np.random.default_rng(seed).integers(-15, 16, (SIZE, SIZE, 3))).astype(np.uint8)


def columns(*widths):
    """A label map of hair, skin and background in columns."""
    return np.repeat(np.repeat([HAIR, SKIN, BACKGROUND], widths)[None], SIZE, 0).astype(np.uint8)


MAPS = {"a": columns(16, 32, 16), "b": columns(24, 24, 16), "c": columns(16, 48, 0)}
PAIRS = [Pair("p", "a", {"hair": "b"}), Pair("q", "c", {"hair": "a"}), Pair("r", "b", {"hair": "a"})]
TARGETS = {"p": columns(24, 24, 16), "q": columns(16, 48, 0), "r": columns(16, 32, 16)}


class Run:
    """Three images and the composites of two methods in a folder."""

    def __init__(self, folder):
        self.folder = folder
        for part in ("faces", "maps", "targets", "one", "two", "fs"):
            (folder / part).mkdir()
        for k, (name, labels) in enumerate(MAPS.items()):
            self.save("faces", name, image_of(labels, k))
            self.save("fs", name, image_of(labels, 10 + k))
            (folder / "maps" / f"{name}.png").write_bytes(label_map_bytes(labels, CELEBAMASK_19))
        for k, (name, labels) in enumerate(TARGETS.items()):
            (folder / "targets" / f"{name}.png").write_bytes(label_map_bytes(labels, CELEBAMASK_19))
            for method in ("one", "two"):
                self.save(method, name, image_of(labels, 20 + k))
        self.faces = {name: folder / "faces" / f"{name}.png" for name in MAPS}

    def save(self, part, name, image):
        Image.fromarray(image).save(self.folder / part / f"{name}.png")

    def image(self, part, name):
        return np.asarray(Image.open(self.folder / part / f"{name}.png"))

    def fail(self, part, name):
        (self.folder / part / f"{name}.png").write_bytes(b"")

    def transfer(self, judges, pairs=None):
        given = Given(self.faces, self.folder / "maps", self.folder / "targets")
        composites = {method: self.folder / method for method in ("one", "two")}
        pairs = pairs or PAIRS
        judged = {method: Judged(absent(pairs, folder, None), {}) for method, folder in composites.items()}
        return list(score_transfer(Bench(judges, pairs), pairs, given, composites, judged, **NULL))

    def reconstruction(self, judges):
        return list(score_reconstruction(Bench(judges, PAIRS), self.faces, {"fs": self.folder / "fs"}, **NULL))
