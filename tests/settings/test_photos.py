"""Photos as people have them: what their items are called, what is left out, what stands in the way."""

import re
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from stages.errors import UserError
from stages.settings import manifests, photos
from stages.settings.photos import check_can_pair, item_name, original_name, photo_files
from stages.settings.problems import NAME

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
PEOPLE = ["Zoë (1).jpg", "my photo.JPG", "我的照片.png", "😀.webp", "[old] new!.png", "-x.png", "x" * 120 + ".png"]
PATHS = st.lists(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
                 .filter(lambda part: part not in (".", "..")), min_size=1, max_size=3).map("/".join)  # fmt: skip


@given(PATHS, PATHS)
def test_names_are_valid_stable_and_unique(one, other):
    names = [item_name(path) for path in (one, other)]
    for name in names:
        assert re.fullmatch(NAME, name)
    assert names == [item_name(Path(path)) for path in (one, other)]
    same, stems = (
        len({unicodedata.normalize("NFC", f(p)) for p in (one, other)}) == 1 for f in (str, lambda p: Path(p).stem)
    )
    in_no_folder = all(len(Path(path).parts) == 1 for path in (one, other))
    assert (names[0] == names[1]) == (same or (stems and in_no_folder and names[0] == Path(one).stem))


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,90}[a-z]", fullmatch=True))
def test_a_name_that_may_be_an_items_is_kept(stem):
    assert item_name(f"{stem}.JPG") == stem


def test_names_are_readable_and_do_not_change():
    """They are in people's lists of pairs, and in what was computed."""
    assert [item_name(name) for name in PEOPLE[:5]] == [
        "Zoe-1-9169b374", "my-photo-10031651", "WoDeZhaoPian-2b64c5c1", "grinning-33abac05", "old-new-5b2e5a10",
    ]  # fmt: skip
    assert item_name("Zoe\u0308 (1).jpg") == item_name("Zoë (1).jpg"), "macOS decomposes"
    assert re.fullmatch("friends-zoe-[0-9a-f]{8}", item_name("friends/zoe.jpg"))


def filled(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_another_photo_renames_none(tmp_path):
    before = photo_files(filled(tmp_path, *PEOPLE))
    assert sorted(before.values()) == sorted(tmp_path / name for name in PEOPLE)
    after = photo_files(filled(tmp_path, "friends/Zoë (1).jpg", "Zoe (1).jpg", "me.png"))
    assert len(after) == len(before) + 3 and before.items() <= after.items()


def test_folders_inside_are_read_and_what_is_left_out_is_told(tmp_path, caplog):
    caplog.set_level("INFO")
    filled(
        tmp_path,
        "a.png",
        "b/a.png",
        "b/c/a.png",
        "b/notes.txt",
        ".hidden/a.png",
        ".b.png",
        "b/Thumbs.db",
        "d.png/e.png",
    )
    (tmp_path / "loop").symlink_to(tmp_path)
    files = photo_files(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in files.values()} == {
        "a.png", "b/a.png", "b/c/a.png", "d.png/e.png",
    }  # fmt: skip
    assert files["a"] == tmp_path / "a.png"
    told = [line.removeprefix(f"{tmp_path}/") for line in caplog.messages]
    assert told == [
        "loop: is a link to a folder in here; it is left out",
        "b/Thumbs.db: is no image by its name; it is left out",
        "b/notes.txt: is no image by its name; it is left out",
    ]


def test_a_long_list_of_what_is_left_out_is_cut(tmp_path, caplog):
    caplog.set_level("INFO")
    photo_files(filled(tmp_path, "a.png", *(f"{k}.txt" for k in range(50))))
    assert len(caplog.messages) == 21 and caplog.messages[-1].endswith("30 other files are left out")


def test_all_that_stands_in_the_way_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.settings.image_files.find_spec", lambda name: None)
    filled(tmp_path, "a.png", "a.jpg", "b.tiff", "c.HEIC", "drawn-0000.png", "e\n.png", "{x}.png", "f.png", "F.jpg")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    with pytest.raises(UserError) as caught:
        photo_files(tmp_path, ["drawn-0000"])
    header, *lines = str(caught.value).split("\n")
    assert header == f"{tmp_path}: 8 files cannot be used:"
    for said in (
        "/out: is a link that leads out of the folder", "b.tiff: .tiff is not read; convert it",
        "c.HEIC: .heic is read with pillow-heif only: type `pip install pillow-heif`", r"e\n.png: its name has a line",
        "a.png: has the same name as a.jpg but for what comes after the dot", "drawn-0000.png: has the name of another",
        "{x}.png: has a brace", "f.png: has the same name as F.jpg but for capital letters",
    ):  # fmt: skip
        assert sum(said in line for line in lines) == 1, said


def test_photos_of_apples_format_are_listed_where_its_library_is(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.settings.image_files.find_spec", lambda name: name)
    assert photo_files(filled(tmp_path, "a.HEIC")) == {"a": tmp_path / "a.HEIC"}


def test_many_faults_are_cut_off(tmp_path):
    with pytest.raises(UserError, match=r"60 files cannot be used:\n(.*\n){40}  … and 20 more$"):
        photo_files(filled(tmp_path, *(f"{k}.tiff" for k in range(60))))


def test_what_a_person_calls_a_face():
    assert original_name("Zoe-1-9169b374", "photos/Zoë (1).jpg") == "Zoë (1).jpg"
    assert manifests.Face("a", "photos/b/a.jpg").original == "a.jpg"
    assert [original_name("x", source) for source in ("drawn", "sample", None)] == ["x"] * 3


@pytest.mark.parametrize(
    ("faces", "count", "said"),
    [
        (1, 1, "one face only, and a pair needs two"),
        (0, 1, "one face only"),
        (5, 100_000, "pairs.count: 5 faces make 20 pairs, not 100000; lower it"),
        (5, 21, "5 faces make 20 pairs, not 21"),
    ],
)
def test_too_few_faces_for_the_pairs_are_told_before_anything_is_planned(refused, faces, count, said):
    refused(said, check_can_pair, range(faces), PARAMS["pairs"] | {"count": count})


def test_enough_faces_and_own_lists_of_pairs_pass():
    check_can_pair(range(5), PARAMS["pairs"] | {"count": 20.0})
    check_can_pair(range(1), PARAMS["pairs"] | {"count": 20, "file": "mine.csv"})
    assert photos.drawn_names(2) == ["drawn-0000", "drawn-0001"]
