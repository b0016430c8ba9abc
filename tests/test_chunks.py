"""The stage `chunks`: what a job on pairs depends on, and nothing else."""

import json
from pathlib import Path

import pytest

from stages import chunks, images
from stages.engine.stage_records import FOLDER, write_record
from stages.settings.manifests import read_faces, read_pairs

ROWS = "pair,identity,hair,eyes\np0,a,b,\np2,b,a,c\n"
OUT = Path("data/chunks")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in ("faces", "codes", "reconstructions"):
        for name in "abc":
            path = Path("data", kind, f"{name}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{kind} {name}")
    Path("data/images.csv").write_text("image,source\na,drawn\nb,drawn\nc,photos/c.jpg\n")
    Path("data/pairs.csv").write_text(ROWS)
    record()
    return tmp_path


def record() -> None:
    write_record(FOLDER / "faces" / "000.json", "faces", sorted(Path("data/faces").iterdir()))
    both = [*sorted(Path("data/codes").iterdir()), *sorted(Path("data/reconstructions").iterdir())]
    write_record(FOLDER / "codes" / "fs" / "000.json", "codes", both)


def divide(items: int) -> None:
    chunks.main(items, Path("data/images.csv"), Path("data/pairs.csv"), OUT, FOLDER / "chunks.json")


def test_each_chunk_has_its_pairs_and_the_digests_of_what_they_name():
    divide(1)
    assert [pair.pair for pair in read_pairs(OUT / "000.csv")] == ["p0"]
    assert read_pairs(OUT / "001.csv") == read_pairs(Path("data/pairs.csv"))[1:]
    digests = {name: json.loads((OUT / f"{name}.json").read_text()) for name in ("000", "001")}
    assert {name: list(found) for name, found in digests.items()} == {"000": ["a", "b"], "001": ["a", "b", "c"]}
    assert set(digests["001"]["c"]) == {"data/faces/c.png", "data/codes/c.png"}, "no job on pairs reads a render"


def test_only_the_chunks_of_a_changed_image_change():
    divide(1)
    before = {path.name: path.read_bytes() for path in OUT.iterdir()}
    Path("data/faces/c.png").write_text("another")
    Path("data/reconstructions/a.png").write_text("another")
    record()
    divide(1)
    assert {path.name for path in OUT.iterdir() if path.read_bytes() != before[path.name]} == {"001.json"}


def test_chunks_that_are_none_any_more_are_removed_with_their_records():
    divide(1)
    for stage in ("targets", "aligned/m", "composites/m", "faces"):
        for chunk in ("000", "001"):
            write_record(FOLDER / stage / f"{chunk}.json", stage, [])
    divide(2)
    assert {path.name for path in OUT.iterdir()} == {"000.csv", "000.json"}
    left = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("001.json")}
    assert left == {"faces/001.json"}, "its items are images"


def test_images_lists_all_faces_and_forgets_chunks(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "Zoë (1).jpg").write_bytes(b"")
    write_record(FOLDER / "codes" / "fs" / "003.json", "codes", [])
    params = {"source": ["drawn", "sample", "photos"], "drawn": {"count": 2}, "photos": "photos"}
    images.main(params, Path("data/images.csv"), FOLDER / "images.json", frozenset({"000"}))
    faces = read_faces(Path("data/images.csv"))
    sources = [face.source for face in faces]
    assert sources == ["drawn", "drawn", "sample", "photos/Zoë (1).jpg"] and faces[0].image == "drawn-0000"
    assert not (FOLDER / "codes" / "fs" / "003.json").exists() and (FOLDER / "faces" / "000.json").exists()
