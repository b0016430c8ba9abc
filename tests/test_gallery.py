"""The gallery's stages on a run of drawn images: what is written, what is not made twice, what is refused."""

import json
import re

import pytest
from drawn_gallery import EVIL, IMAGES, LOST, METHODS, PAIRS, make_gallery, make_pages, params, write
from PIL import Image

from stages import gallery, pictures
from stages.engine.stage_records import read_chunks, read_record
from stages.errors import UserError
from stages.pages.pictures import Encoding
from stages.regions.labels import CELEBAMASK_19 as SCHEME


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield make_gallery(tmp_path_factory.mktemp("run"), patch).parent.parent


@pytest.fixture
def there(made, monkeypatch):
    """The run's folder as the current one."""
    monkeypatch.chdir(made)
    return made


def index_of(folder):
    text = (folder / "reports" / "gallery" / "data" / "index.js").read_text()
    return json.loads(re.fullmatch(r'galleryData\("index",(.*)\);\n', text, re.S).group(1))


def test_every_picture_is_there_or_empty_and_is_missed_then(there):
    out = there / "reports" / "gallery"
    for pair in PAIRS:
        for method in METHODS:
            for place in ("images/composites", "thumbs/composites", "images/errors"):
                size = (out / place / method / f"{pair.pair}.webp").stat().st_size
                no_map = place == "images/errors" and "cleo" in pair.images
                assert (size == 0) == (no_map or ((method, pair.pair) in LOST and method == "poisson"))
    found = index_of(there)
    assert found["missing"]["maps"] == ["cleo"] and found["missing"]["composites/poisson"] == ["pair-0001"]
    assert set(found["missing"]["errors/mine"]) == {pair.pair for pair in PAIRS if "cleo" in pair.images}
    with Image.open(out / "images" / "composites" / "barbershop" / "pair-0000.webp") as image:
        assert image.format == "WEBP" and image.size == (64, 64)  # never larger than it was
    with Image.open(out / "images" / "aligned" / "barbershop" / "pair-0000-1.webp") as image:
        assert abs(image.convert("RGB").getpixel((5, 5))[0] - 160) < 3


def test_the_index_names_sources_failures_and_reasons(there):
    found = index_of(there)
    assert [name for name, _ in found["images"]] == list(IMAGES) and found["images"][1][1] == f"{EVIL}.png"
    assert found["failures"][METHODS.index("poisson")] == {"1": LOST["poisson", "pair-0001"]}
    assert found["reasons"]["images"] == {"2": [f"label map: no face {EVIL}"]}
    assert found["start"]["of"] == "barbershop" and found["start"]["sort"] == "taken ST-LPIPS-Alex@256"
    assert [method["key"] for method in found["methods"]] == ["b", "p", "m"]
    assert {each["kind"] for each in found["strata"]} >= {"difficulty", "yaw_gap", "hair_length of the identity"}


def test_the_record_vouches_for_all_files(there):
    files = read_record(there / "data" / "records" / "gallery.json")["files"]
    assert {"reports/gallery.html", "reports/gallery-mail.html", "reports/gallery/data/index.js"} <= files.keys()
    assert all((there / file).is_file() for file in files)


def test_nothing_is_encoded_twice(there, monkeypatch):
    called = []
    monkeypatch.setattr(pictures, "made", called.append)
    monkeypatch.setattr(pictures, "_in_processes", lambda tasks: called.extend(tasks) or [])
    make_pages(there, params())
    assert called == []


def test_what_is_no_pair_any_more_is_removed(there):
    old = there / "reports" / "gallery" / "images" / "composites" / "mine" / "gone.webp"
    write(old, b"old")
    make_pages(there, params())
    assert not old.exists()


def test_a_small_room_takes_the_worst_and_says_so(there):
    make_pages(there, params({"gallery": {"size": 256, "mail": 0.001}}))
    text = (there / "reports" / "gallery-mail.html").read_text()
    assert re.search(r"This file has 1 pair of 6: the worst by taken ST-LPIPS-Alex@256 of Barbershop", text)
    make_pages(there, params())
    text = (there / "reports" / "gallery-mail.html").read_text()
    assert "This file has" not in text and EVIL not in text


def test_a_damaged_small_picture_is_refused(there, refused):
    path = next((there / "reports" / "gallery" / "thumbs" / "faces").glob("anna.webp"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    try:
        with pytest.raises(UserError, match=r"anna.webp: not as the stage wrote it"):
            make_gallery_again(there)
    finally:
        path.write_bytes(content)


def make_gallery_again(folder):
    reports = (folder / "reports").relative_to(folder)
    data = (folder / "data").relative_to(folder)
    gallery.main(
        params(), SCHEME, reports / "metrics.parquet", data / "images.csv", data / "pairs.csv", data, reports,
        data / "records" / "gallery.json",
    )  # fmt: skip


def test_items_of_pairs_are_their_own(there):
    """A composite that changed is encoded anew, and no other."""
    path = there / "data" / "composites" / "mine" / "pair-0004.png"
    before = {
        item["item"]: item["key"] for item in read_chunks(there / "data/records/pictures/composites/mine")["items"]
    }
    content = path.read_bytes()
    path.write_bytes((there / "data" / "composites" / "mine" / "pair-0005.png").read_bytes())
    make_pages(there, params())
    after = {
        item["item"]: item["key"] for item in read_chunks(there / "data/records/pictures/composites/mine")["items"]
    }
    assert {name for name in after if after[name] != before[name]} == {"pair-0004"}
    path.write_bytes(content)
    make_pages(there, params())


def test_encoding_is_of_the_section():
    assert set(Encoding._fields) < params()["gallery"].keys()


def test_a_reason_names_files_but_no_folder_of_the_user(there):
    """Folders that the parameters name, the run's own and the home; what is relative stays as it is written."""
    given = params({"faces": {"photos": "/data/ann's photos"}})
    given["methods"]["mine"]["images"] = "/data/results/mine"
    folders = gallery.folders_named(given)
    for said, kept in {
        "/data/ann's photos/sub/me.jpg: no face found": "sub/me.jpg: no face found",
        f"{there}/results/pair-0000.png: not square": "results/pair-0000.png: not square",
        "/data/results/mine/pair-0001.png and /data/results/b.png": "pair-0001.png and b.png",
        "photos/me.jpg: 3×3 px": "photos/me.jpg: 3×3 px",
        "cannot read (/data/results/b.png)": "cannot read (b.png)",
        "results/data/results/b.png, /o/data/results/c.png": "results/data/results/b.png, /o/data/results/c.png",
        "1/2 of the face is hidden": "1/2 of the face is hidden",
    }.items():
        assert folders.sub("", said) == kept
