"""Manifests and folders of images: what is accepted, and which one line says what is wrong."""

import os

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT

from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.settings import manifests
from stages.settings.manifests import Face

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
IMAGES = ["a", "b", "c"]


def pairs_file(folder, rows, header="pair,identity,hair,eyes"):
    path = folder / "pairs.csv"
    path.write_bytes(f"{header}\n{rows}".encode())
    return path


def test_pairs_with_byte_order_mark_and_blank_cells(tmp_path):
    path = pairs_file(tmp_path, "p1, a ,b,\n\np2,a,b, c\n", header="\ufeffpair,identity,hair,eyes")
    first, second = manifests.read_pairs(path, IMAGES)
    assert first == Pair("p1", "a", {"hair": "b"})
    assert second == Pair("p2", "a", {"hair": "b", "eyes": "c"})


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("p1,a,b,\np2,a,zoe,\n", "row 3: .*zoe.*a, b, c"),
        ("p1,a,b,\np1,a,c,\n", "row 3: the same name as in row 2"),
        ("p1,a,b,\nP1,a,c,\n", "row 3: the same name as in row 2; rename one of them; capital letters do not count"),
        ("p1,a,b,\np2,a,b,\n", "row 3: the same pair as in row 2"),
        ("p1,a,b\n", "row 2: .*columns"),
        ("p1,a,b,,c\n", "row 2: .*columns"),
        ("p1,a,,\n", "row 2: .*p1"),
        (",a,b,\n", "row 2: .*pair"),
        ("../p1,a,b,\n", r"row 2: pair: .*\.\./p1"),
        ("..,a,b,\n", r"row 2: pair: '\.\.'"),
        ("x/y,a,b,\n", "row 2: pair: .*x/y"),
        ("p1,a,b/c,\n", "row 2: there is no image named b/c"),
        ("p1,a,b,\n\n\np2,a,zoe,\n", "row 5: .*zoe"),
        ('p1,a,b,\np2,a,"b,\n', "row 3: "),
        ("", "lists no pair"),
    ],
)
def test_bad_pairs_name_the_row(refused, tmp_path, rows, named):
    path = pairs_file(tmp_path, rows)
    refused(f"^{path}(, |: ){named}", manifests.read_pairs, path, IMAGES)


def test_unknown_column_is_named(refused, tmp_path):
    refused(
        "row 1: there is no column 'beard'; .*columns are pair, identity, hair",
        manifests.read_pairs,
        pairs_file(tmp_path, "p1,a,b\n", header="pair,identity,beard"),
        IMAGES,
    )


@pytest.mark.parametrize("content", [b"", b"\n;;\n", b"pair,identity,hair\np1,a,b\x81\n", b"\xff\xfepai", bytes(9)])
def test_file_that_is_no_csv_is_named(refused, tmp_path, content):
    path = tmp_path / "pairs.csv"
    path.write_bytes(content)
    refused(f"^{path}: ", manifests.read_pairs, path)
    refused(f"^{path}: ", manifests.read_faces, path)
    refused("no.csv: ", manifests.read_pairs, tmp_path / "no.csv")


def test_manifest_of_faces_round_trip(tmp_path):
    faces = [Face("drawn-0000", "drawn"), Face("zoe", "photos, old/zoé.jpg")]
    (tmp_path / "images.csv").write_bytes(manifests.csv_bytes(["image", "source"], faces))
    assert manifests.read_faces(tmp_path / "images.csv") == faces


REGIONS = st.dictionaries(st.sampled_from(sorted(CELEBAMASK_19.regions)), st.sampled_from("abcd"), min_size=1)


@given(REGIONS)
def test_every_label_is_taken_from_one_reference(regions):
    pair, reordered = Pair("p", "a", regions), Pair("p", "a", dict(reversed(regions.items())))
    taken = pair.taken(CELEBAMASK_19)
    assert pair.references[0] == "a"
    assert sorted(pair.references) == sorted({"a", *regions.values()})
    assert sorted(label for labels in taken for label in labels) == list(range(len(CELEBAMASK_19)))
    owner = dict(zip(reordered.references, reordered.taken(CELEBAMASK_19), strict=True))
    assert owner == dict(zip(pair.references, taken, strict=True))


def test_eyes_override_the_face_that_they_are_part_of():
    _, eyes, face = Pair("p", "a", {"eyes": "c", "face": "b"}).taken(CELEBAMASK_19)
    assert eyes == set(CELEBAMASK_19.indices("eyes"))
    assert face == set(CELEBAMASK_19.indices("face")) - eyes


def test_image_that_gives_two_regions_is_one_reference():
    pair = Pair("p", "a", {"hair": "b", "eyes": "c", "background": "b"})
    assert pair.references == ("a", "b", "c")
    assert pair.taken(CELEBAMASK_19)[1] == set(CELEBAMASK_19.indices("hair") + CELEBAMASK_19.indices("background"))
    assert pair.facts == Pair("q", "x", {"hair": "y", "eyes": "z", "background": "y"}).facts


def folder_of(parent, *names):
    for name in names:
        (parent / name).write_bytes(b"")
    return parent


def test_photos_are_named_after_their_files(tmp_path):
    folder_of(tmp_path, "b.JPG", "a.png", "notes.txt", "c.webp")
    assert manifests.photo_files(tmp_path) == {name[0]: tmp_path / name for name in ("a.png", "b.JPG", "c.webp")}


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["notes.txt"], "no .*.png"),
        (["a.jpg", "a.png"], "a.png: .*a.jpg"),
        (["a\n.png"], r"a\\n.png: its name has a line break .*rename"),
        (["é\udce9.png"], r"xe9.*.png: .*no text; rename"),
        (["a.png", "b.TIFF"], "b.TIFF: .tiff is not read; convert"),
        (["drawn-0001.png"], "drawn-0001.png: .*rename"),
    ],
)
def test_photos_that_cannot_be_used_are_named(refused, tmp_path, names, named):
    try:
        folder = folder_of(tmp_path, *names)
    except OSError:
        pytest.skip("the disk takes no such name, as those of macOS")
    params = PARAMS["faces"] | {"source": ["drawn", "photos"], "photos": str(folder)}
    refused(named, manifests.face_sources, params)
    refused("nowhere: .*faces.photos", manifests.photo_files, tmp_path / "nowhere")


SOURCES = {"drawn": {"drawn-0000", "drawn-0001"}, "photos": {"a"}, "sample": {"astronaut"}}


@pytest.mark.parametrize(
    "source", [["drawn"], ["photos"], ["sample"], ["drawn", "photos"], ["photos", "sample", "drawn"]]
)
def test_sources_of_faces(tmp_path, source):
    params = {"source": source, "photos": str(folder_of(tmp_path, "a.png")), "drawn": {"count": 2.0}}  # 2.0 is valid
    paths = {"a": tmp_path / "a.png", "astronaut": manifests.sample_photo()}
    assert manifests.face_sources(params) == {name: paths.get(name) for kind in source for name in SOURCES[kind]}
    assert paths["astronaut"].is_file()


def test_links_that_stay_in_the_folder_are_followed_and_no_others(refused, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "b.jpg").symlink_to(folder_of(folder, "a.png") / "a.png")
    (folder / ".hidden.png").symlink_to("/etc/passwd")
    assert set(manifests.photo_files(folder)) == {"a", "b"}
    for target in ("/etc/passwd", "../outside.png", "lost.png"):
        (folder / "c.png").unlink(missing_ok=True)
        (folder / "c.png").symlink_to(target)
        refused("c.png: is (a link that leads out of the folder|no file)", manifests.photo_files, folder)


def test_pipe_that_is_called_an_image_is_refused(refused, tmp_path):
    os.mkfifo(tmp_path / "a.png")
    refused("a.png: is no file that can be read", manifests.photo_files, tmp_path)


LOOKS = "pair,identity,hair,hair_appearance,face,eyes_appearance"


def test_a_look_is_a_column_of_its_own(tmp_path):
    path = pairs_file(tmp_path, "p,a,b,c,,\nq,a,,b,,c\nr,a,b,a,,\n", header=LOOKS)
    shape_and_colour, colours, own_colour = manifests.read_pairs(path, IMAGES)
    assert shape_and_colour == Pair("p", "a", {"hair": "b"}, {"hair": "c"})
    assert shape_and_colour.images == ("a", "b", "c") and shape_and_colour.references == ("a", "b")
    hair, eyes = {CELEBAMASK_19["hair"]}, set(CELEBAMASK_19.indices("eyes"))
    assert shape_and_colour.painted(CELEBAMASK_19) == {2: hair}
    assert colours.references == ("a",) and colours.painted(CELEBAMASK_19) == {1: hair, 2: eyes}
    assert own_colour.images == ("a", "b") and own_colour.painted(CELEBAMASK_19) == {0: hair}
    assert shape_and_colour.facts != own_colour.facts
    assert set(shape_and_colour.facts) == {"hair", "hair_appearance"}


def test_the_look_of_eyes_overrides_that_of_the_face():
    pair = Pair("p", "a", {"face": "b"}, {"face": "a", "eyes": "b"})
    (looks,) = [pair.painted(CELEBAMASK_19)]
    assert set(looks) == {0}, "the eyes are b's already"
    assert looks[0] == set(CELEBAMASK_19.look_indices("face")) - set(CELEBAMASK_19.indices("eyes"))
    assert CELEBAMASK_19["glasses"] not in looks[0]


@pytest.mark.parametrize(
    ("row", "column"),
    [("p,a,a,,,", "hair comes from a"), ("p,a,b,b,,", "hair_appearance comes from b"),
     ("p,a,,a,,", "hair_appearance comes from a"), ("p,a,,,b,b", "eyes_appearance comes from b"),
     ("p,a,b,,a,", "face comes from a")],
)  # fmt: skip
def test_a_column_that_changes_nothing_is_refused(refused, tmp_path, row, column):
    path = pairs_file(tmp_path, row + "\n", header=LOOKS)
    refused(f"row 2: {column} without this cell; leave it empty", manifests.read_pairs, path, IMAGES)


def test_features_may_stay_in_another_face(tmp_path):
    """The nearest to a beard: skin, which it is to the parser, of one image, and the identity's features in it."""
    columns = "pair,identity,face,brows,eyes,nose,mouth"
    (pair,) = manifests.read_pairs(pairs_file(tmp_path, "p,a,b,a,a,a,a\n", header=columns), IMAGES)
    assert pair.references == ("a", "b")
    assert pair.taken(CELEBAMASK_19)[1] == {CELEBAMASK_19["skin"], CELEBAMASK_19["glasses"]}


def test_an_image_that_gives_only_a_look_must_exist(refused, tmp_path):
    refused("row 2: .*zoe", manifests.read_pairs, pairs_file(tmp_path, "p,a,b,zoe,,\n", header=LOOKS), IMAGES)
