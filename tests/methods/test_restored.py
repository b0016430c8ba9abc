"""A method that is made of another's composites: what it makes, how failures travel, and what it inherits."""

import io

import numpy as np
import pytest
from PIL import Image

from stages import registry
from stages.compose import make_composites
from stages.engine.stage_records import read_record
from stages.errors import UserError
from stages.formats.images import png_bytes
from stages.formats.label_maps import label_map_bytes
from stages.methods import Folders, Job, Method
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.reporting.cost import seconds_a_pair
from stages.reporting.failed_results import of_pipeline
from stages.settings.methods import from_elsewhere, minimised

SIZE = 128
HAIR, SKIN = SCHEME["hair"], SCHEME["skin"]
METHODS = {
    "ours": {"kind": "latent", "code": "fs", "align": True},
    "theirs": {"kind": "results", "images": "results"},
    "back": {"kind": "restored", "of": "ours"},
    "again": {"kind": "restored", "of": "back"},
    "their_back": {"kind": "restored", "of": "theirs"},
}
PARAMS = {"margin": 64.0, "soft": 64.0, "reach": 0.0}  # at 1024 px: 8 px here
COLUMNS = np.arange(SIZE)


def png(value, size=SIZE):
    return png_bytes(Image.fromarray(np.full((size, size, 3), value, np.uint8)))


def labels(first):
    """Hair in the left columns, skin in the others; at half the image's size."""
    row = np.where(np.arange(SIZE // 2) < first, HAIR, SKIN).astype(np.uint8)
    return label_map_bytes(row[None].repeat(SIZE // 2, 0), SCHEME)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Two pairs: the identity is grey with hair in 16 columns, which become 24; the composite is bright."""
    monkeypatch.chdir(tmp_path)
    pairs = {name: Pair(name, "a", {"hair": "b"}) for name in ("p", "q")}
    folders = Folders.of(tmp_path / "data", "back")
    files = {folders.faces / "a.png": png(100), folders.maps / "a.png": labels(8)}
    for name in pairs:
        files |= {folders.targets / f"{name}.png": labels(12), folders.composites / f"ours/{name}.png": png(200)}
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    choice = METHODS["back"]
    return Job("back", choice, PARAMS, SCHEME, pairs, folders, {}, "float32", False, folders.composites / "back")


def test_the_composite_shows_what_changes_and_its_margin_and_the_face_all_else(job, tmp_path):
    make_composites(job, tmp_path / "record.json")
    image = np.array(Image.open(job.out / "p.png"))
    assert (image[:, COLUMNS < 24 + 8] == 200).all(), "old hair, new hair, and 8 px beside them"
    assert (image[:, COLUMNS >= 24 + 8 + 8] == 100).all()
    assert (np.diff(image[0, :, 0].astype(int)) <= 0).all()


def test_a_failure_of_the_other_method_is_one_of_this_too_and_the_rest_goes_on(job, tmp_path):
    failed = job.folders.composites / "ours/q.png"
    failed.write_bytes(b"")
    make_composites(job, tmp_path / "record.json")
    ok, bad = read_record(tmp_path / "record.json")["items"]
    assert ok["status"] == "ok" and bad["reason"] == f"{failed} is empty, it failed before"
    assert (job.out / "q.png").read_bytes() == b""


def test_another_size_is_a_failure_that_says_so(job, tmp_path):
    (job.folders.composites / "ours/q.png").write_bytes(png(200, 256))
    make_composites(job, tmp_path / "record.json")
    _, bad = read_record(tmp_path / "record.json")["items"]
    assert bad["reason"].endswith("ours/q.png: has 256 px, and the identity's face 128 px; it cannot be restored")


def test_it_is_computed_again_if_and_only_if_the_other_composite_changed(job, tmp_path):
    record = tmp_path / "record.json"
    make_composites(job, record)
    first = [item["key"] for item in read_record(record)["items"]]
    (job.folders.composites / "ours/q.png").write_bytes(png(201))
    make_composites(job, record)
    second = [item["key"] for item in read_record(record)["items"]]
    assert second[0] == first[0] and second[1] != first[1]
    assert np.array(Image.open(io.BytesIO((job.out / "q.png").read_bytes())))[0, 0, 0] == 201


def test_it_takes_over_what_the_other_minimises_costs_and_where_it_comes_from():
    assert minimised(METHODS, "again") == minimised(METHODS, "ours") != ()
    assert from_elsewhere(METHODS) == ["theirs", "their_back"]
    names = ("maps", "codes")
    images = [{"item": name, "status": "ok", "seconds": 1} for name in ("a", "b")]
    records = [{"stage": stage, "items": images} for stage in names]
    made = {"composites-ours": 10, "composites-back": 0.5, "composites-again": 0.25}
    of_pairs = {"targets": 1, "aligned-ours": 100} | made
    records += [
        {"stage": stage, "items": [{"item": "p", "status": "ok", "seconds": seconds}]}
        for stage, seconds in of_pairs.items()
    ]
    seconds = seconds_a_pair(records, [Pair("p", "a", {"hair": "b"})], METHODS, "mean")["seconds"]
    assert seconds.to_dict() == pytest.approx({"ours": 115, "back": 115.5, "again": 115.75})


def test_what_another_system_lacks_is_no_failure_of_the_pipeline():
    records = [{"stage": f"composites-{method}", "items": []} for method in METHODS]
    assert [record["stage"] for record in of_pipeline(records, METHODS)] == [
        "composites-ours", "composites-back", "composites-again",
    ]  # fmt: skip


def test_a_kind_that_reads_composites_says_whose():
    entry = registry.load("methods", "restored")
    with pytest.raises(UserError, match="composites and the key `of` of choice belong together"):
        Method(choice=registry.load("methods", "copy").choice, prepare=entry.prepare, reads=("composites",))
    with pytest.raises(UserError, match="belong together"):
        Method(choice=entry.choice, prepare=entry.prepare)
