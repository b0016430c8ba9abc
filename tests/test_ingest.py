"""Another system's composites: found by name, brought to size, and what is wrong with them said."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import ROOT, run_module

from stages.errors import ItemError, UserError
from stages.formats.foreign_images import bring_to_size, read_result
from stages.ingest import check, main
from stages.settings.results_folders import look_through, result_files
from stages.settings.yaml_files import read_yaml

FACES = ["a", "b", "c"]
PAIRS = ["pair-0000", "pair-0001", "pair-0002"]


def write(path, size=300, height=None):
    random = np.random.default_rng(list(path.name.encode()))
    Image.fromarray(random.integers(0, 256, (height or size, size, 3), dtype=np.uint8)).save(path)


def test_images_are_found_by_the_pair_they_are_named_after(tmp_path):
    for name in ("pair-0002.png", "pair-0000.jpg", "best.png", "pair-0001.txt"):
        (tmp_path / name).touch()
    assert result_files(tmp_path, PAIRS) == {n.split(".")[0]: tmp_path / n for n in ("pair-0000.jpg", "pair-0002.png")}


def test_a_folder_that_is_no_such_folder_is_refused(tmp_path, refused):
    refused("mine: no such folder", result_files, tmp_path / "mine", PAIRS)
    (tmp_path / "{a}").mkdir()
    refused("{a}: has a brace", result_files, tmp_path / "{a}", PAIRS)
    (tmp_path / "a.png").touch()
    refused("none of its 1 images is named after a pair; name them pair-0000.png", result_files, tmp_path, PAIRS)
    for name in ("pair-0001.png", "pair-0001.webp"):
        (tmp_path / name).touch()
    refused("pair-0001.webp: has the same name as pair-0001.png", result_files, tmp_path, PAIRS)


def test_size(tmp_path, refused):
    def take(name):
        return bring_to_size(read_result(name, tmp_path, {name: tmp_path / f"{name}.png"}))

    write(tmp_path / "a.png", 512)
    _, facts = take("a")
    assert facts == {"px": 512}
    write(tmp_path / "b.png", 1024)
    contents, _ = take("b")
    (tmp_path / "c.png").write_bytes(contents["image"])
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
    method = {"mine": {"kind": "results", "images": "mine"}}
    done = run_module(
        folder, "stages.compose", "--method", json.dumps(method), "--params", "{}", "--scheme", "celebamask-19",
        "--pairs", "pairs.csv", "--data", "data", "--out", "out", "--record", "record.json",
        "--precision", "auto", "--weights", "{}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mine: 2 of 3 pairs have an image" in done.stderr
    record = json.loads((folder / "record.json").read_text())
    assert record["stage"] == "composites-mine"
    items = {item["item"]: item for item in record["items"]}
    assert items["pair-0000"]["status"] == "ok"
    assert "pair-0001.png: not an image" in items["pair-0001"]["reason"]
    assert items["pair-0002"]["reason"] == "mine: no image named pair-0002"
    assert Image.open(folder / "out" / "pair-0000.png").size == (1024, 1024)
    assert [(folder / "out" / f"{pair}.png").stat().st_size for pair in PAIRS[1:]] == [0, 0]


def test_reconstructions_are_named_after_faces(folder, monkeypatch):
    monkeypatch.chdir(folder)
    write(folder / "mine" / "a.png")
    main("mine", Path("mine"), Path("images.csv"), out=Path("out"), record=Path("record.json"))
    record = json.loads((folder / "record.json").read_text())
    assert record["stage"] == "reconstructions-mine"
    assert [(item["item"], item["status"]) for item in record["items"]] == [
        ("a", "ok"), ("b", "failed"), ("c", "failed"),
    ]  # fmt: skip


def test_a_check_says_all_that_is_missing(folder, monkeypatch, refused, caplog):
    monkeypatch.chdir(folder)
    caplog.set_level("INFO")
    write(folder / "mine" / "pair-0009.png")
    refused("^2 images are missing", main, "mine", Path("mine"), Path("images.csv"), Path("pairs.csv"))
    for said in (
        "mine/pair-0009.png: is named after no pair; it is left out", "1 of 3 pairs have a usable image",
        "pair-0001.png: not an image", "mine: no image named pair-0002", "reconstruction: not there",
    ):  # fmt: skip
        assert said in caplog.text


def test_a_check_names_images_of_one_colour_and_doubles(folder, monkeypatch, refused, caplog):
    monkeypatch.chdir(folder)
    caplog.set_level("INFO")
    Image.new("RGB", (300, 300)).save(folder / "mine" / "pair-0001.png")
    (folder / "mine" / "pair-0002.png").write_bytes((folder / "mine" / "pair-0000.png").read_bytes())
    refused("^2 images are missing", main, "mine", Path("mine"), Path("images.csv"), Path("pairs.csv"))
    assert "pair-0001.png: it is black" in caplog.text
    assert "pair-0002.png: it is the image of pair-0000, pixel by pixel" in caplog.text


@pytest.fixture
def checked(folder, monkeypatch):
    """Checks a folder of results, all of whose images are there, in a checkout's folder."""
    monkeypatch.chdir(folder)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())

    def check(where, **options):
        (folder / where / "reconstruction").mkdir(exist_ok=True, parents=True)
        for name in (*PAIRS, *(f"reconstruction/{face}" for face in FACES)):
            write(folder / where / f"{name}.png")
        main("mine", Path(where), images=Path("images.csv"), pairs=Path("pairs.csv"), **options)

    return check


def entry(where):
    return {"kind": "results", "images": where, "reconstructions": f"{where}/reconstruction"}


FOLDERS = ["mine", "results/my run: #2", "it's [é], 😀"]


@pytest.mark.parametrize("where", FOLDERS)
def test_what_a_check_prints_can_be_pasted_below_methods(folder, checked, capsys, where):
    checked(where)
    before = (folder / "params.yaml").read_text()
    pasted = before.replace("\nalign:", capsys.readouterr().out + "\nalign:")
    methods = read_yaml(Path("params.yaml"))["methods"]
    (folder / "params.yaml").write_text(pasted)
    assert read_yaml(Path("params.yaml"))["methods"] == methods | {"mine": entry(where)}
    checked(where)
    assert "has this method already" in capsys.readouterr().out
    assert not (folder / "out").exists()


@pytest.mark.parametrize("where", FOLDERS)
def test_a_check_writes_the_line_into_params_yaml(folder, checked, refused, where):
    before = read_yaml(Path("params.yaml"))
    checked(folder / where, write=True)
    after = read_yaml(Path("params.yaml"))
    assert after == before | {"methods": before["methods"] | {"mine": entry(where)}}
    refused("methods has an entry mine already", lambda: checked(where, write=True))
    refused("another entry mine", lambda: checked("other"))


@pytest.mark.parametrize(
    ("name", "better"), [("My Method", "my_method"), ("2nd é", "nd_e"), ("--", "mine"), ("x" * 60, "x" * 50)]
)
def test_a_name_that_no_method_can_have_is_refused_with_one_that_can(refused, name, better):
    refused(f"small letters, digits and _, .*call it {better}$", check, name, Path("mine"), PAIRS, FACES)


def test_what_stands_in_the_way_in_a_folder_of_results_is_told_at_once(tmp_path):
    for name in ("Pair-0000.PNG", "pair-0001.png", "pair-0001.jpg", "pair-0002.tiff", "other.gif", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(UserError) as caught:
        result_files(tmp_path, PAIRS)
    header, *lines = str(caught.value).split("\n")
    assert header.endswith(": 2 images cannot be used:")
    assert "pair-0002.tiff: .tiff is not read; convert it" in lines[0] and "pair-0001.png: has the same" in lines[1]


def test_names_in_other_capitals_are_found_and_sub_folders_are_named(tmp_path, refused):
    (tmp_path / "run1").mkdir()
    (tmp_path / "run1" / "pair-0000.png").touch()
    refused("none of its 0 images .*; the sub-folders are not looked into: run1", result_files, tmp_path, PAIRS)
    (tmp_path / "Pair-0000.PNG").touch()
    (tmp_path / "cat.png").touch()
    found = look_through(tmp_path, PAIRS)
    assert found.files == {"pair-0000": tmp_path / "Pair-0000.PNG"}
    assert found.missing == PAIRS[1:]
    assert [(path.name, reason) for path, reason in found.left_out] == [
        ("cat.png", "is named after no pair"), ("run1", "is a sub-folder"),
    ]  # fmt: skip
    for name in ("a.png", "A.png"):
        (tmp_path / name).touch()
    assert look_through(tmp_path, ["a", "A"]).files == {name: tmp_path / f"{name}.png" for name in ("a", "A")}
