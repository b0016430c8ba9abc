"""Composites back in photos of any size and turn: what stays the photo's, what cannot be brought back and why."""

import json

import numpy as np
import pytest
import yaml
from PIL import Image
from scipy import ndimage
from support import ROOT

from stages.engine.stage_records import write_record
from stages.errors import UserError
from stages.formats.images import FACE_SIZE, at_face_size, png_bytes
from stages.formats.label_maps import label_map_bytes
from stages.photos.crop import Crop, aligned
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.restore import bring_back, main

PARAMS = {"margin": 24.0, "soft": 32.0, "reach": 0.0}
HAIR, SKIN = SCHEME["hair"], SCHEME["skin"]
PHOTO = ndimage.gaussian_filter(np.random.default_rng(0).uniform(0, 255, (700, 900, 3)), (4, 4, 0))
PHOTO = (60 + (PHOTO - PHOTO.min()) * 140 / np.ptp(PHOTO)).astype(np.uint8)
ANGLE = np.radians(20)
CROP = Crop(np.array([430.0, 360.0]), 200 * np.array([np.cos(ANGLE), np.sin(ANGLE)]))  # 400 px, turned
DISC = np.hypot(*(np.indices((512, 512)) - np.array([200, 256])[:, None, None])) < 80  # what changes, at 512 px


def composite_of(face):
    """The face by a method that changes all colours a little, and makes the disc green."""
    image = np.clip(face * 0.9 + 5, 0, 255).astype(np.uint8)
    image[DISC.repeat(2, 0).repeat(2, 1)] = (0, 255, 0)
    return image


def in_photo():
    """Distance of each pixel of the photo from the disc, in px of the square at 1024 px."""
    a, b = np.linalg.inv(CROP.matrix(512)[:, :2]), CROP.matrix(512)[:, 2]
    y, x = np.indices(PHOTO.shape[:2])
    place = np.einsum("ij,jhw->ihw", a, np.stack([x - b[0], y - b[1]]))
    return 2 * (np.hypot(place[0] - 256, place[1] - 200) - 80)


def test_all_but_what_changes_is_the_photo_pixel_by_pixel():
    found = bring_back(PHOTO, CROP, composite_of(aligned(PHOTO, CROP)), ~DISC, PARAMS)
    far = in_photo() > PARAMS["margin"] + PARAMS["soft"] + 8
    assert found.image.shape == PHOTO.shape and found.cut == 0
    assert 0.85 < far.mean() < 0.97 and (found.image[far] == PHOTO[far]).all()
    inside = in_photo() < -16
    assert np.abs(found.image[inside].astype(int) - (0, 255, 0)).max() <= 3


def test_a_composite_that_changes_nothing_comes_back_as_the_photo():
    """Through a square of another size and turn and back: what is lost is what the warp smooths."""
    image = bring_back(PHOTO, CROP, aligned(PHOTO, CROP), ~DISC, PARAMS).image
    assert np.abs(image.astype(int) - PHOTO).max() < 12 and np.abs(image.astype(int) - PHOTO)[in_photo() < 0].mean() < 1


def test_hair_that_leaves_the_square_fades_and_is_told():
    kept = np.ones((512, 512), bool)
    kept[400:, 200:300] = False
    green = np.broadcast_to(np.uint8([0, 255, 0]), (FACE_SIZE, FACE_SIZE, 3))
    found = bring_back(PHOTO, CROP, green, kept, PARAMS)
    assert found.cut == pytest.approx(100 / 2044, abs=0.002)
    steps = np.abs(np.diff(found.image.astype(int), axis=0)).max()
    assert steps < 40, "a cut would be a step of 100 and more"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A finished run of four pairs: of a photo, of a whole one, of a drawn face, and one that failed."""
    monkeypatch.chdir(tmp_path)
    square = np.asarray(Image.fromarray(PHOTO).crop((0, 0, 600, 600)))
    squares = {"ann": CROP, "ben": Crop.whole(600), "drawn-0000": None}
    photos = {"ann": PHOTO, "ben": square}
    (tmp_path / "photos").mkdir()
    faces, items = {"drawn-0000": np.zeros((FACE_SIZE, FACE_SIZE, 3), np.uint8)}, []
    for name, photo in photos.items():
        Image.fromarray(photo).save(f"photos/{name}.png")
        crop = squares[name]
        faces[name] = aligned(photo, crop) if name == "ann" else np.array(at_face_size(Image.fromarray(photo)))
        place = {"centre": crop.centre.tolist(), "right": crop.right.tolist()}
        items.append({"item": name, "status": "ok", "aligned": name == "ann", "square": place})
    items.append({"item": "drawn-0000", "status": "ok"})
    own = np.full((512, 512), SKIN, np.uint8)
    target = np.where(DISC, HAIR, own).astype(np.uint8)
    pairs = {"p": "ann", "q": "ben", "r": "drawn-0000", "s": "ann"}
    for folder in ("faces", "maps", "targets", "composites/ours", "records/faces"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for name, face in faces.items():
        (tmp_path / f"data/faces/{name}.png").write_bytes(png_bytes(Image.fromarray(face)))
        (tmp_path / f"data/maps/{name}.png").write_bytes(label_map_bytes(own, SCHEME))
    for pair, identity in pairs.items():
        (tmp_path / f"data/targets/{pair}.png").write_bytes(label_map_bytes(target, SCHEME))
        content = b"" if pair == "s" else png_bytes(Image.fromarray(composite_of(faces[identity])))
        (tmp_path / f"data/composites/ours/{pair}.png").write_bytes(content)
    hair = {"p": "ben", "q": "ann", "r": "ann", "s": "drawn-0000"}
    rows = [f"{pair},{identity},{hair[pair]}" for pair, identity in pairs.items()]
    (tmp_path / "data/pairs.csv").write_text("\n".join(["pair,identity,hair", *rows, ""]))
    sources = ["ann,photos/ann.png", "ben,photos/ben.png", "drawn-0000,drawn"]
    (tmp_path / "data/images.csv").write_text("\n".join(["image,source", *sources, ""]))
    write_record(tmp_path / "data/records/faces/000.json", "faces", [], weights={}, items=items)
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"restored": PARAMS}
    params["methods"] = {"ours": {"kind": "copy"}}
    (tmp_path / "reports").mkdir()
    write_record(tmp_path / "reports/record.json", "report", [], params=params)
    return tmp_path


def restore(run, method="ours", out="out"):
    main(method, run / out, run / "data", run / "reports")


def test_every_pair_that_can_be_is_written_at_the_photos_size_and_the_others_are_named(run, caplog):
    caplog.set_level("INFO", "stages")
    restore(run)
    sizes = {path.name: Image.open(path).size for path in (run / "out").iterdir()}
    assert sizes == {"p.png": (900, 700), "q.png": (600, 600)}
    ann = np.array(Image.open(run / "out/p.png"))
    assert (ann == PHOTO).all(-1).mean() > 0.85 and not (ann == PHOTO).all()
    ben = np.array(Image.open(run / "out/q.png"))
    assert (ben[-100:] == PHOTO[500:600, :600]).all() and ben[234, 300].tolist() == [0, 255, 0]
    said = [record.getMessage() for record in caplog.records]
    assert "r is left out: its identity drawn-0000 is drawn, so there is no photo" in said
    assert f"s is left out: {run}/data/composites/ours/s.png is empty, it failed before" in said
    assert said[-1].endswith("out: 2 of 4 pairs")


def test_another_photo_in_its_place_is_named(run, caplog):
    caplog.set_level("INFO", "stages")
    Image.fromarray(PHOTO[:, ::-1]).save("photos/ann.png")
    (run / "photos/ben.png").unlink()
    with pytest.raises(UserError, match=r"no pair can be .*: p is left out: photos/ann.png: is not the photo"):
        restore(run)
    assert "q is left out: photos/ben.png: the photo is not there any more" in caplog.text


def test_what_is_wrong_with_the_run_or_the_command_is_one_line(run, refused):
    refused("--method .urs.: the run has no such method; did you mean ours", restore, run, "urs")
    (run / "full").mkdir()
    (run / "full/file").touch()
    refused("full: is there already and not empty", restore, run, "ours", "full")
    record = json.loads((run / "data/records/faces/000.json").read_text())
    items = [{key: item[key] for key in ("item", "status")} for item in record["items"]]
    write_record(run / "data/records/faces/000.json", "faces", [], weights={}, items=items)
    refused("ann.png: its record does not say where in the photo it was; type `snakemake` first", restore, run)
    (run / "reports/record.json").unlink()
    refused("no finished run, record.json is not there; type `snakemake` first", restore, run)
