"""StarGAN v2 as a method: which style, which domain and where the result lies, by a network of plain colours."""

import numpy as np
import pytest
import torch
from PIL import Image

from stages.errors import ItemError
from stages.formats.images import png_bytes, read_rgb
from stages.methods import Folders, Job
from stages.methods.starganv2 import ENTRY
from stages.nets.starganv2_align import MeanLandmarks
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair

CELLS = np.random.default_rng(0).integers(16, 40, (98, 2))  # of the heat maps: column and row of each mean landmark
MOVED = 8  # cells that every face lies to the right of the mean one: 32 px, an eighth of the image
FACES = {"a": 200, "b": 40}  # grey levels


class Restyler:
    """A style is the mean colour of a reference, less right by a domain's error; an image gets that colour."""

    def __init__(self, moved: int = MOVED, spread: int = 1) -> None:
        self.errors, self.moved, self.spread = (0.5, 0.1), moved, spread

    def fan(self, image):
        heat = torch.zeros(len(image), 98, 64, 64)
        columns, rows = self.spread * (CELLS + np.array([self.moved, 0])).T
        heat[:, range(98), rows, columns] = 1
        return heat

    def style(self, reference, domain):
        return reference.mean((2, 3)) + self.errors[int(domain)]

    def masks(self, image):
        return None

    def synthesis(self, image, style, masks):
        return style[..., None, None].expand_as(image)


@pytest.fixture
def composed(monkeypatch, tmp_path):
    """The work of pairs of two grey faces of 512 px, by a network."""
    mean = MeanLandmarks()
    mean.mean = torch.from_numpy((CELLS + 0.5) * 4).float()
    monkeypatch.setattr("stages.nets.device.torch.cuda.is_available", lambda: False)
    folders = Folders.of(tmp_path, "starganv2")
    folders.faces.mkdir(parents=True)
    for name, grey in FACES.items():
        (folders.faces / f"{name}.png").write_bytes(png_bytes(Image.new("RGB", (512, 512), (grey,) * 3)))
    weights = {"starganv2": tmp_path / "net", "starganv2_landmarks": tmp_path / "mean"}

    def of(net: Restyler, domain: str = "auto", pair: Pair = Pair("p", "a", {"hair": "b"})):  # noqa: B008
        loaded = dict(zip(weights.values(), (net, mean), strict=True))
        monkeypatch.setattr("stages.methods._starganv2.load_translator", lambda path, device: loaded[path])
        job = Job(
            "mine", {"kind": "starganv2", "domain": domain}, {}, SCHEME, {"p": pair}, folders, weights, "float32",
            False, tmp_path / "out",
        )  # fmt: skip
        work = ENTRY.prepare(job)
        assert work.weights == weights and work.params["domain"] == domain, "or an old result would be served"
        (result,) = work.compute(work.items)
        if isinstance(result, ItemError):
            return result, {}
        (tmp_path / "seen.png").write_bytes(result.contents["image"])
        return read_rgb(tmp_path / "seen.png"), dict(result.facts)

    return of


def test_the_face_gets_the_references_style_and_keeps_its_own_pixels_outside_of_the_frame(composed):
    """The frame reaches as far to the right of the image as the image to the left of it."""
    image, facts = composed(Restyler())
    assert image.shape == (512, 512, 3)
    assert (image[:, :63] == FACES["a"]).all()
    np.testing.assert_allclose(image[:, 65:], FACES["b"] + 0.1 * 127.5, atol=1)
    assert facts["outside"] == pytest.approx(0.125, abs=0.002)


def test_the_domain_is_the_one_that_rebuilds_the_reference_or_the_one_that_is_named(composed):
    net = Restyler()
    _, facts = composed(net)
    assert facts["domain"] == "male"
    assert facts["own_errors"] == pytest.approx({"female": 0.5, "male": 0.1}, abs=1e-5)
    net.errors = (0.1, 0.5)
    _, facts = composed(net)
    assert facts["domain"] == "female"
    image, facts = composed(net, "male")
    assert facts["domain"] == "male"
    np.testing.assert_allclose(image[:, 65:], FACES["b"] + 0.5 * 127.5, atol=1)


def test_a_face_without_landmarks_fails_the_item(composed):
    result, _ = composed(Restyler(spread=0))
    assert str(result).startswith("StarGAN v2 cannot align face0 and face1: FAN puts")


@pytest.mark.parametrize("pair", [Pair("p", "a", {"face": "b"}), Pair("p", "a", {"hair": "b"}, {"hair": "a"})])
def test_other_transfers_are_refused_before_anything_is_computed(refused, composed, pair):
    refused("StarGAN v2 transfers hair only; pair p takes", composed, Restyler(), "auto", pair)
