"""Another system's composites: found by name, brought to size, and what is wrong with them said."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from support import run_module

from stages.errors import ItemError
from stages.ingest import bring_to_size, check, main, read_result
from stages.settings.config import check_section
from stages.settings.manifests import result_files

FACES = ["a", "b", "c"]
PAIRS = ["pair-0000", "pair-0001", "pair-0002"]


def write(path, size=300, height=None):
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (height or size, size, 3), dtype=np.uint8)).save(path)


def test_images_are_found_by_the_pair_they_are_named_after(tmp_path):
    for name in ("pair-0002.png", "pair-0000.jpg", "best.png", "pair-0001.txt"):
        (tmp_path / name).touch()
    assert result_files(tmp_path, PAIRS) == {n.split(".")[0]: tmp_path / n for n in ("pair-0000.jpg", "pair-0002.png")}


def test_a_folder_that_is_no_such_folder_is_refused(tmp_path, refused):
    refused("mine: no such folder", result_files, tmp_path / "mine", PAIRS)
    (tmp_path / "a.png").touch()
    refused("none of its 1 images is named after a pair; name them pair-0000.png", result_files, tmp_path, PAIRS)
    for name in ("pair-0001.png", "pair-0001.webp"):
        (tmp_path / name).touch()
    refused("pair-0001.webp: has the same name as pair-0001.png", result_files, tmp_path, PAIRS)


def test_size(tmp_path, refused):
    def take(name):
        return bring_to_size(read_result(name, tmp_path, {name: tmp_path / f"{name}.png"}))

    write(tmp_path / "a.png", 512)
    assert take("a").facts == {"px": 512}
    write(tmp_path / "b.png", 1024)
    (tmp_path / "c.png").write_bytes(take("b").contents["image"])
    with Image.open(tmp_path / "b.png") as before, Image.open(tmp_path / "c.png") as after:
        assert (np.asarray(before) == np.asarray(after)).all()
    write(tmp_path / "d.png", 200)
    refused("d.png: 200 px is below", take, "d", error=ItemError)
    write(tmp_path / "e.png", 300, 400)
    refused("e.png: 300×400 px is not square", take, "e", error=ItemError)
    refused("no image named f", read_result, "f", tmp_path, {}, error=ItemError)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images.csv").write_text("image,source\na,drawn\nb,drawn\nc,drawn\n")
    (tmp_path / "pairs.csv").write_text("pair,identity,hair\npair-0000,a,b\npair-0001,b,a\npair-0002,a,c\n")
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine" / "pair-0000.png")
    (tmp_path / "mine" / "pair-0001.png").write_text("not an image")
    return tmp_path


def test_what_is_missing_or_bad_is_a_failed_item(folder):
    done = run_module(
        folder, "stages.ingest", "--name", "mine", "--dir", "mine", "--images", "images.csv",
        "--pairs", "pairs.csv", "--out", "out", "--record", "record.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mine: 2 of 3 pairs have an image" in done.stderr
    items = {item["item"]: item for item in json.loads((folder / "record.json").read_text())["items"]}
    assert items["pair-0000"]["status"] == "ok"
    assert "pair-0001.png: not an image" in items["pair-0001"]["reason"]
    assert items["pair-0002"]["reason"] == "mine: no image named pair-0002"
    assert Image.open(folder / "out" / "pair-0000.png").size == (1024, 1024)
    assert [(folder / "out" / f"{pair}.png").stat().st_size for pair in PAIRS[1:]] == [0, 0]


def test_reconstructions_are_named_after_faces(folder, monkeypatch):
    monkeypatch.chdir(folder)
    write(folder / "mine" / "a.png")
    main("mine", Path("mine"), "faces", Path("images.csv"), out=Path("out"), record=Path("record.json"))
    record = json.loads((folder / "record.json").read_text())
    assert record["stage"] == "reconstructions-mine"
    assert [(item["item"], item["status"]) for item in record["items"]] == [
        ("a", "ok"), ("b", "failed"), ("c", "failed"),
    ]  # fmt: skip


def test_a_check_says_all_that_is_missing(folder, monkeypatch, refused, caplog):
    monkeypatch.chdir(folder)
    caplog.set_level("INFO")
    write(folder / "mine" / "pair-0009.png")
    refused("^2 images are missing", main, "mine", Path("mine"), "pairs", Path("images.csv"), Path("pairs.csv"))
    for said in (
        "1 images are named after no pair and are left out: pair-0009.png", "1 of 3 pairs have a usable image",
        "pair-0001.png: not an image", "mine: no image named pair-0002", "reconstruction: not there",
    ):  # fmt: skip
        assert said in caplog.text


def test_a_check_prints_the_line_of_params_yaml(folder, monkeypatch, refused, capsys):
    monkeypatch.chdir(folder)
    (folder / "mine" / "reconstruction").mkdir()
    for name in (*PAIRS, *(f"reconstruction/{face}" for face in FACES)):
        write(folder / "mine" / f"{name}.png")
    main("mine", Path("mine"), images=Path("images.csv"), pairs=Path("pairs.csv"))
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == {"methods": {"mine": {"images": "mine", "reconstructions": "mine/reconstruction"}}}
    check_section("methods", printed["methods"])
    assert not (folder / "out").exists()
    refused("My Method", check, "My Method", Path("mine"), PAIRS, FACES)
