"""A composite is of the faces' size, or its method is named: images of another size would be compared all the same."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages import registry
from stages.compose import make_composites
from stages.engine.items import Item, Result
from stages.formats.images import png_bytes
from stages.methods import Folders, Job, Method, Work
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair


def encoded(size=1024, mode="RGB", kind="PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (size, size)).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The composite of one pair by a method that gives some bytes."""
    monkeypatch.chdir(tmp_path)

    def made(content: bytes) -> bytes:
        item = Item("p", {}, {"image": Path("out/p.png")})
        method = Method(dict, lambda job: Work([item], lambda batch: [Result({"image": content}, {})], {}))
        monkeypatch.setattr(registry, "load", lambda room, name: method)
        folders = Folders.of(Path("data"), "mine")
        job = Job(
            "mine",
            {"kind": "copy"},
            {},
            CELEBAMASK_19,
            {"p": Pair("p", "a", {"hair": "b"})},
            folders,
            {},
            "float32",
            False,
            Path("out"),
        )
        make_composites(job, Path("record.json"))
        return Path("out/p.png").read_bytes()

    return made


def test_an_image_of_the_faces_size_is_taken(made):
    content = png_bytes(Image.fromarray(np.zeros((1024, 1024, 3), np.uint8)))
    assert made(content) == content


def test_a_small_generators_faces_and_composites_are_small(made):
    face = Path("data/faces/a.png")
    face.parent.mkdir(parents=True)
    face.write_bytes(encoded(128))
    assert made(encoded(128)) == encoded(128)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (encoded(512), "RGB of 512×512 px"),
        (encoded(mode="L"), "L of 1024×1024 px"),
        (encoded(kind="JPEG"), "no PNG"),
        (b"", "no PNG"),
    ],
)
def test_any_other_is_refused(made, refused, content, wrong):
    refused(
        f"^stages/methods/copy.py: the composite of p is {wrong}; it must be a PNG in RGB of 1024×1024 px",
        made,
        content,
    )
    assert not Path("out/p.png").exists()
