"""SEAN as a method: which code a region gets, by a network that paints regions with the mean colours of regions."""

import numpy as np
import pytest
import torch
from PIL import Image

from stages.formats.images import png_bytes, read_rgb
from stages.formats.label_maps import label_map_bytes
from stages.methods import Folders, Job
from stages.methods._sean import mixed_codes, owners
from stages.methods.sean import ENTRY
from stages.nets.sean_net import masks_of
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.labels import CELEBAMASK_HQ
from stages.regions.pair import Pair

SKIN, HAIR = CELEBAMASK_HQ.index("skin"), CELEBAMASK_HQ.index("hair")


class Painter:
    """A code is the mean colour of a region, moved to where it is not 0; a region is painted with its code."""

    def __init__(self) -> None:
        self.seen: list[torch.Tensor] = []

    def codes(self, image, labels):
        masks = masks_of(labels)
        sums = torch.einsum("bcyx,blyx->blc", image + 2, masks)
        return sums / masks.sum((2, 3))[..., None].clamp_min(1)

    def draw_noise(self, seed):
        return [torch.full((1, 1, 1, 1), float(seed))]

    def synthesis(self, labels, codes, noise):
        self.seen.append(labels)
        return torch.einsum("blc,blyx->bcyx", codes, masks_of(labels)) - 2


@pytest.fixture
def painter(monkeypatch) -> Painter:
    found = Painter()
    monkeypatch.setattr("stages.methods._sean.load_translator", lambda path, device: found)
    monkeypatch.setattr("stages.nets.device.torch.cuda.is_available", lambda: False)
    return found


@pytest.fixture
def composed(painter, tmp_path):
    """Images of 512 px whose upper part is hair, by the share of their height, in colours of their own."""
    folders = Folders.of(tmp_path, "sean")
    for folder in (folders.faces, folders.maps, folders.targets):
        folder.mkdir(parents=True)

    def halves(upper, lower, edge, share):
        picture = np.empty((edge, edge, *np.shape(upper)), np.uint8)
        picture[:], picture[: int(edge * share)] = lower, upper
        return picture

    for name, hair, skin, share in (("a", 200, 100, 0.25), ("b", 40, 160, 0.75), ("c", 240, 20, 0.5)):
        image = Image.fromarray(halves([hair] * 3, [skin] * 3, 512, share))
        (folders.faces / f"{name}.png").write_bytes(png_bytes(image))
        labels = halves(SCHEME["hair"], SCHEME["skin"], 512, share)
        (folders.maps / f"{name}.png").write_bytes(label_map_bytes(labels, SCHEME))
    target = halves(SCHEME["hair"], SCHEME["skin"], 512, 0.75)
    (folders.targets / "p.png").write_bytes(label_map_bytes(target, SCHEME))

    def of(pair: Pair) -> tuple[np.ndarray, dict]:
        job = Job(
            "mine", {"kind": "sean"}, {}, SCHEME, {"p": pair}, folders, {"sean": tmp_path}, "float32", False,
            tmp_path / "out",
        )  # fmt: skip
        work = ENTRY.prepare(job)
        assert work.weights == {"sean": tmp_path}, "or a result of other weights would be served"
        (result,) = work.compute(work.items)
        (tmp_path / "seen.png").write_bytes(result.contents["image"])
        return read_rgb(tmp_path / "seen.png"), dict(result.facts)

    return of


def upper_and_lower(image: np.ndarray) -> list[int]:
    """Grey levels well inside of the target's hair and skin."""
    assert image.shape == (512, 512, 3)
    return [int(image[100, 100, 0]), int(image[480, 100, 0])]


def test_hair_has_the_references_code_and_the_targets_shape(composed, painter):
    image, facts = composed(Pair("p", "a", {"hair": "b"}))
    assert upper_and_lower(image) == pytest.approx([40, 100], abs=1)
    assert facts == {"borrowed": {}, "without_code": []}
    (labels,) = painter.seen
    assert labels.shape == (1, 256, 256), "the network's own size"
    assert labels[0, :192].unique().tolist() == [HAIR] and labels[0, 192:].unique().tolist() == [SKIN]


def test_a_look_is_another_images_code(composed):
    image, _ = composed(Pair("p", "a", {"hair": "b"}, {"hair": "c"}))
    assert upper_and_lower(image) == pytest.approx([240, 100], abs=1)


def test_owners_are_those_of_the_pair():
    found = owners(Pair("p", "a", {"hair": "b", "mouth": "c"}, {"mouth": "b"}))
    assert {CELEBAMASK_HQ[label]: k for label, k in enumerate(found) if k} == {
        "hair": 1, "hat": 1, "mouth": 1, "upper_lip": 1, "lower_lip": 1,
    }  # fmt: skip


def test_a_code_that_the_owner_lacks_is_borrowed_and_recorded():
    """First from the owner's other side, then from other images; else it stays 0, and that is said."""
    left_ear, right_ear, nose, neck = map(CELEBAMASK_HQ.index, ("left_ear", "right_ear", "nose", "neck"))
    codes = torch.zeros(2, 19, 512)
    codes[0, right_ear], codes[1, left_ear], codes[1, nose] = 1, 2, 3
    mixed, facts = mixed_codes(codes, [0] * 19, [left_ear, nose, neck])
    assert [mixed[label, 0].item() for label in (left_ear, right_ear, nose, neck)] == [1, 1, 3, 0]
    borrowed = {"left_ear": "right_ear of face0", "nose": "nose of face1"}
    assert facts == {"borrowed": borrowed, "without_code": ["neck"]}
