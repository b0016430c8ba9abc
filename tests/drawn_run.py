"""A run of three drawn images and two methods, with judges that need no weights."""

from unittest.mock import patch

import numpy as np
import torch
from PIL import Image

from stages.formats.files import is_failed
from stages.formats.label_maps import label_map_bytes, read_label_map
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.scoring.bench import Bench
from stages.scoring.failures import Failure
from stages.scoring.features import FeatureKind
from stages.scoring.judges import Judges
from stages.scoring.measuring import Sources, of_composite, of_embedding, of_image, of_pair
from stages.scoring.merging import Drawn, reconstruction_rows, transfer_rows
from stages.scoring.metric_names import entries_for, left_out, own_hair
from stages.statistics.names import FAILURE

BACKGROUND, SKIN, HAIR = (CELEBAMASK_19[name] for name in ("background", "skin", "hair"))
SIZE = 64
DRAWN = Drawn(permutations=20, seed=0)


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
        return np.array(Image.open(self.folder / part / f"{name}.png"))

    def labels(self, part, name):
        return read_label_map(self.folder / part / f"{name}.png", CELEBAMASK_19)

    def failed(self, part, name):
        return is_failed(self.folder / part / f"{name}.png")

    def fail(self, part, name):
        (self.folder / part / f"{name}.png").write_bytes(b"")

    def transfer(self, judges, pairs=None):
        """The values of both methods: whatever they have is measured, and the rules of failures are not asked."""
        pairs, scheme, empty = pairs or PAIRS, judges.parser.scheme, Failure("missing", "it is empty")
        bench = Bench(judges, None, entries_for("composites", judges.setup))
        of_pairs, absent, composites = {}, {}, {"one": {}, "two": {}}
        for pair in pairs:
            names = [name for name in pair.images if not self.failed("faces", name)]
            if len(names) < len(pair.images):
                of_pairs[pair.pair] = "a face is empty"
                continue
            sources, maps = [self.image("faces", n) for n in names], [self.labels("maps", n) for n in names]
            target, count = self.labels("targets", pair.pair), len(pair.references)
            of_pairs[pair.pair] = of_pair(pair, sources[:count], maps[:count], target, scheme)
            prepared = Sources([judges.prepare(source) for source in sources], maps, target)
            for method, sheets in composites.items():
                if not self.failed(method, pair.pair):
                    sheets[pair.pair] = of_composite(bench, pair, self.image(method, pair.pair), prepared)
        for method, sheets in composites.items():
            absent[method] = {pair.pair: empty for pair in pairs if pair.pair not in sheets}
            sheets |= dict.fromkeys(absent[method], "it is empty")
        idle = left_out(pairs, scheme, judges.setup)
        with patch("stages.scoring.judging.judge", lambda *_: {}):
            rows = list(transfer_rows(pairs, self.sheets(judges), of_pairs, composites, absent, idle, DRAWN))
        return [(row.method, row.value) for row in rows if row.value.metric != FAILURE]

    def sheets(self, judges):
        """The sheets of the images."""
        return {
            name: "it is empty" if self.failed("faces", name) else of_image(judges, self.image("faces", name))
            for name in self.faces
        }

    def reconstruction(self, judges):
        """The values of the embeddings."""
        bench = Bench(judges, [], entries_for("reconstructions", judges.setup))
        sheets = {
            name: of_embedding(bench, name, self.image("fs", name), self.image("faces", name))
            if not self.failed("fs", name) else "it is empty"
            for name in self.faces
        }  # fmt: skip
        names, own = list(self.faces), own_hair(judges.setup)
        rows = reconstruction_rows(names, self.sheets(judges), {"fs": sheets}, {"fs": "fs"}, [], own, DRAWN)
        return [(row.method, row.value) for row in rows]
