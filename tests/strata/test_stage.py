"""The stage on files: an image without a face is named and kept, a failed one too; pairs by pose; what they are of."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from support import ROOT

from stages import pairs
from stages.engine.stage_records import read_record, write_record
from stages.errors import UserError
from stages.formats.files import sha256_file, write_atomic
from stages.formats.images import png_bytes
from stages.formats.label_maps import label_map_bytes
from stages.formats.weight_files import weights_bytes
from stages.photos.search import FoundFace
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.strata import __main__ as stage
from stages.strata.files import read_images, read_pair_strata

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())["pairs"]
NAMES = [f"i{k}" for k in range(8)]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Eight faces whose brightness is their yaw, a black image in which no face is found, one that failed before."""
    monkeypatch.chdir(tmp_path)
    labels = np.zeros((64, 64), np.uint8)
    labels[:24], labels[24:56, 16:48] = SCHEME["hair"], SCHEME["skin"]
    for k, name in enumerate([*NAMES, "black", "lost"]):
        grey = 0 if name == "black" else 20 * k + 20
        content = b"" if name == "lost" else png_bytes(Image.new("RGB", (128, 128), (grey,) * 3))
        write_atomic(Path("data/faces", f"{name}.png"), content)
        write_atomic(Path("data/maps", f"{name}.png"), b"" if name == "lost" else label_map_bytes(labels, SCHEME))
    Path("data/images.csv").write_text("image,source\n" + "".join(f"{n},drawn\n" for n in [*NAMES, "black", "lost"]))
    items = [{"item": name, "status": "ok"} | ({"px": 300} if name == "i3" else {}) for name in NAMES]
    write_record(Path("data/records/faces/000.json"), "faces", Path("data/faces").iterdir(), weights={}, items=items)
    write_record(Path("data/records/maps/000.json"), "maps", Path("data/maps").iterdir())
    weights = Path("data/weights.safetensors")
    origin = {"network": "dlib_landmarks", "package": "p", "version": "1", "licence": "l", "sha256": "0" * 64}
    weights.write_bytes(weights_bytes({"dat": torch.zeros(1)}, origin))
    random = np.random.default_rng(0)
    face, searched = random.normal(64, 20, (68, 2)), []

    def find(pixels, _):
        searched.append(int(pixels[0, 0, 0]))
        return FoundFace(face + pixels[0, 0, 0] / 100, 1.0, 1, 0) if pixels.any() else None

    monkeypatch.setattr("stages.nets.dlib_faces.load_landmarks", lambda _: None)
    monkeypatch.setattr("stages.photos.search.find_face", find)
    monkeypatch.setattr("stages.strata.measures.head_pose", lambda points: ((points - face).mean() * 30, 0.0, 0.0))

    def images() -> pd.DataFrame:
        stage.measure_images(
            SCHEME, frozenset([*NAMES, "black", "lost"]), Path("data/faces"), Path("data/maps"),
            weights, Path("data/strata/faces"), Path("data/records/strata/000.json"),
        )  # fmt: skip
        stage.write_image_table(
            Path("data/images.csv"), Path("data/strata/faces"), Path("data/records/faces"),
            Path("data/strata/images.csv"), Path("data/records/strata_images.json"),
        )  # fmt: skip
        return read_images(Path("data/strata/images.csv"))

    return images, searched


def choose(**options) -> dict[str, object]:
    pairs.main(
        PARAMS | options, SCHEME, Path("data/images.csv"), Path("data/faces"), Path("data/maps"),
        Path("data/pairs.csv"), Path("data/pairs.json"), Path("data/records/pairs.json"),
        Path("data/strata/images.csv") if options.get("strategy") in ("pose", "hard") else None,
    )  # fmt: skip
    manifest: dict[str, object] = json.loads(Path("data/pairs.json").read_text())
    return manifest


def test_what_is_taken_of_the_hair_is_in_the_list_and_the_manifest(run):
    run[0]()
    header = {
        "both": "hair",
        "full": "hair,hair_appearance",
        "colour": "hair_appearance",
        "shape": "hair,hair_appearance",
    }
    for take, columns in header.items():
        manifest = choose(strategy="random", take=take, count=4, seed=0)
        lines = Path("data/pairs.csv").read_text().splitlines()
        assert manifest["take"] == take and lines[0] == f"pair,identity,{columns}" and len(lines) == 5


def test_every_image_has_a_row_and_is_searched_once(run):
    images, searched = run
    table = images().set_index("image")
    assert list(table.index) == [*NAMES, "black", "lost"]
    assert table.loc["black", "note"] == "no face found" and np.isnan(table.loc["black", "yaw"])
    assert table.loc["black", "hair_share"] == pytest.approx(24 / 64, abs=0.01)
    assert table.loc["lost", "note"] == "failed before" and np.isnan(table.loc["lost", "hair_share"])
    assert list(table["yaw"][:8]) == pytest.approx([6.0 * k + 6 for k in range(8)])
    assert table["square"].dropna().to_dict() == {"i3": 300}
    record = {item["item"]: item for item in read_record(Path("data/records/strata/000.json"))["items"]}
    assert "no face found" in record["black"]["warnings"][0] and record["lost"]["status"] == "failed"
    assert len(searched) == 9
    images()
    assert len(searched) == 9, "the second time they come from the store"


def test_pairs_by_pose_and_their_strata(run):
    run[0]()
    manifest = choose(strategy="pose", count=12, seed=0)
    assert manifest["strategy"] == "pose" and manifest["yaw_gap_ends"] == [15.0, 30.0]
    stage.measure_pairs(
        Path("data/pairs.csv"), Path("data/images.csv"), Path("data/strata/faces"), Path("data/strata/images.csv"),
        Path("data/strata/pairs.csv"), Path("data/records/strata_pairs.json"),
    )  # fmt: skip
    table = read_pair_strata(Path("data/strata/pairs.csv"))
    assert np.bincount(np.searchsorted([15, 30], table["yaw_gap"])).tolist() == [4, 4, 4]
    assert (table["pose_different"] == "yes").sum() == 8 and {"black", "lost"}.isdisjoint(table["identity"])


@pytest.mark.parametrize("strategy", ["variety", "random", "pose", "hard"])
def test_the_manifest_says_what_the_pairs_are_of(run, strategy):
    run[0]()
    manifest = choose(strategy=strategy, count=6, seed=3)
    assert (manifest["strategy"], manifest["count"], manifest["seed"], manifest["version"]) == (strategy, 6, 3, 1)
    assert manifest["pairs_sha256"] == sha256_file(Path("data/pairs.csv"))
    assert manifest["images"] and all(
        digest == sha256_file(Path("data/faces", f"{image}.png")) for image, digest in manifest["images"].items()
    )
    first = Path("data/pairs.csv").read_bytes()
    assert choose(strategy=strategy, count=6, seed=3) == manifest and Path("data/pairs.csv").read_bytes() == first


def test_the_default_is_the_choice_for_variety(run):
    from stages.regions.variety import choose_pairs

    choose(count=5, seed=1)
    labels = np.zeros((64, 64), np.uint8)
    labels[:24], labels[24:56, 16:48] = SCHEME["hair"], SCHEME["skin"]
    wanted = choose_pairs(dict.fromkeys([*NAMES, "black"], labels), 5, SCHEME, 1)
    rows = [f"pair-{k:04d},{identity},{hair}\n" for k, (identity, hair) in enumerate(wanted)]
    assert Path("data/pairs.csv").read_text() == "pair,identity,hair\n" + "".join(rows)


def test_a_list_of_hairport_is_converted(run):
    Path("theirs.csv").write_text("target_id,source_id,lift_3d,head_diff_angle\ni1,i2,True,0.4\n")
    manifest = choose(file="theirs.csv")
    assert Path("data/pairs.csv").read_text() == "pair,identity,hair\ni1_to_i2,i2,i1\n"
    assert manifest["strategy"] == "list" and set(manifest["images"]) == {"i1", "i2"}


def test_too_many_pairs_are_one_line(run, refused):
    run[0]()
    with pytest.raises(UserError, match=r"pairs.count: 8 identities .* 57 were asked for; lower it or add faces"):
        choose(strategy="pose", count=57)
