"""Pairs for another method: what its script reads, what cannot be exported, and the whole way back to a judged row."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import ROOT, must, run_module

from stages.engine.items import in_turn
from stages.engine.stage_records import read_chunks
from stages.export import main
from stages.formats.images import read_rgb
from stages.formats.label_maps import label_map_bytes
from stages.measure import job_steps, pair_job
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.scoring.judging import absent_of, failure_values, judge_all
from stages.scoring.measuring import see
from stages.scoring.sheets import Sheet, of_seen, read_sheet
from stages.settings.layouts import LAYOUTS, collect_script, readme
from stages.settings.manifests import listed_pairs, read_pairs
from stages.settings.yaml_files import read_yaml

BACKGROUND, SKIN, HAIR = (SCHEME[name] for name in ("background", "skin", "hair"))
PAIRS = [
    Pair("p", "ann", {"hair": "ben"}),
    Pair("q", "ben", {"hair": "ann"}, {"hair": "cem"}),
    Pair("r", "cem", {}, {"hair": "ann"}),
    Pair("s", "cem", {"eyes": "ann"}),
]
FOLDER = Path("/there/some where")


def seen(path):
    """What the rules look at of an image."""
    return Sheet([], *of_seen(see(read_rgb(Path(path)))))


def test_hairfastgan_reads_a_line_of_three_and_joins_their_names():
    export = LAYOUTS["hairfastgan"](PAIRS, FOLDER)
    lines = export.files["pairs.txt"].decode().splitlines()
    assert lines == ["ann.png ben.png ben.png", "ben.png ann.png cem.png", "cem.png cem.png ann.png"]
    assert export.results == {
        "p": "output/ann_ben_ben.png", "q": "output/ben_ann_cem.png", "r": "output/cem_cem_ann.png",
    }  # fmt: skip
    assert export.left_out == {"s": "takes eyes; the method transfers hair only"}
    (command,) = export.runs
    words = shlex.split(command)
    assert words[:2] == ["python", "main.py"]
    assert dict(zip(words[2::2], words[3::2], strict=True)) == {
        "--input_dir": f"{FOLDER}/inputs", "--file_path": f"{FOLDER}/pairs.txt", "--output_dir": f"{FOLDER}/output",
    }  # fmt: skip


def test_two_results_of_one_name_are_refused(refused):
    pairs = [Pair("p", "a_b", {"hair": "c"}), Pair("q", "a", {"hair": "b_c"})]
    assert len(LAYOUTS["hairfastgan"](pairs, FOLDER).results) == 2
    pairs = [Pair("p", "a", {"hair": "b"}, {"hair": "b_b"}), Pair("q", "a", {"hair": "b_b"}, {"hair": "b"})]
    refused("results of p and q into one file, output/a_b_b_b.png", LAYOUTS["hairfastgan"], pairs, FOLDER)


def test_lists_for_others_can_be_read_again(tmp_path):
    """Here the lists are read by this project's own reader of HairPort's form and of its own."""
    for layout, expected in (("hairport", PAIRS[:1]), ("plain", PAIRS)):
        export = LAYOUTS[layout](PAIRS, FOLDER)
        (tmp_path / "pairs.csv").write_bytes(export.files["pairs.csv"])
        found = read_pairs(tmp_path / "pairs.csv")
        assert [(pair.identity, pair.columns) for pair in found] == [(pair.identity, pair.columns) for pair in expected]
        assert len(export.left_out) == len(PAIRS) - len(expected)
    assert list(LAYOUTS["hairport"](PAIRS, FOLDER).results) == ["p"]


def test_the_readme_says_what_to_type_and_what_is_left_out():
    for name, layout in LAYOUTS.items():
        export = layout(PAIRS, FOLDER)
        text = readme(name, "mine", export, FOLDER, Path("/project")).decode()
        assert all(run in text for run in export.runs)
        assert f"stages.ingest --name mine --dir '{FOLDER}/results' --write" in text
        assert all(f"{pair}: {why}" in text for pair, why in export.left_out.items())
        assert ("collect.sh" in text) == bool(export.results)


def test_collecting_names_what_is_missing(tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "it's.png").write_bytes(b"image")
    (tmp_path / "collect.sh").write_bytes(collect_script({"p": "output/it's.png", "q": "output/b.png"}))
    done = subprocess.run(["sh", str(tmp_path / "collect.sh")], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "missing: output/b.png (pair q)\n"
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["p.png"]


def drawn(seed):
    """A map of 512 px, an oval face with hair around it, and its picture of 1024 px."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[:512, :512] / 512
    x, wide = 0.5 + random.uniform(-0.03, 0.03), random.uniform(0.2, 0.24)
    face = ((across - x) / wide) ** 2 + ((down - 0.55) / 0.3) ** 2 < 1
    hair = ((across - x) / (wide + 0.1)) ** 2 + ((down - 0.45) / 0.35) ** 2 < 1
    labels = np.select([face, hair], [SKIN, HAIR], BACKGROUND).astype(np.uint8)
    colours = random.uniform(40, 215, (len(SCHEME), 3))
    spots = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize((512, 512))
    picture = np.clip(colours[labels] + 0.3 * (np.asarray(spots, float) - 128), 0, 255).astype(np.uint8)
    return labels, np.kron(picture, np.ones((2, 2, 1), np.uint8))


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """A run of three drawn faces and six pairs that has its faces, maps and target maps."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    names = ["ann", "ben", "cem"]
    for part in ("faces", "maps", "targets"):
        Path("data", part).mkdir(parents=True)
    maps = {}
    for seed, name in enumerate(names):
        maps[name], picture = drawn(seed)
        Image.fromarray(picture).save(f"data/faces/{name}.png")
        Path("data/maps", f"{name}.png").write_bytes(label_map_bytes(maps[name], SCHEME))
    rows = [(f"{own}-{hair}", own, hair) for own in names for hair in names if own != hair]
    for pair, own, hair in rows:
        target = np.where(maps[hair] == HAIR, HAIR, np.where(maps[own] == HAIR, SKIN, maps[own])).astype(np.uint8)
        Path("data/targets", f"{pair}.png").write_bytes(label_map_bytes(target, SCHEME))
    Path("data/images.csv").write_text("image,source\n" + "".join(f"{name},drawn\n" for name in names))
    Path("data/pairs.csv").write_text("pair,identity,hair\n" + "".join(f"{','.join(row)}\n" for row in rows))
    return tmp_path


def test_faces_are_exported_and_a_failed_one_leaves_its_pairs_out(planned):
    Path("data/faces/cem.png").write_bytes(b"")
    main("plain", Path("out"))
    assert sorted(path.name for path in Path("out/faces").iterdir()) == ["ann.png", "ben.png"]
    assert Path("out/faces/ann.png").read_bytes() == Path("data/faces/ann.png").read_bytes()
    assert [pair.pair for pair in read_pairs(Path("out/pairs.csv"))] == ["ann-ben", "ben-ann"]
    assert "cem-ann: no face was made of cem" in Path("out/README.txt").read_text()


def test_what_stands_in_the_way_is_told_in_one_line(planned, refused):
    refused("--layout 'other': unknown; known are plain, hairfastgan, hairport", main, "other", Path("out"))
    Path("full").mkdir()
    Path("full/x").touch()
    refused("full: is there already and not empty", main, "plain", Path("full"))
    Path("data/faces/cem.png").unlink()
    refused("cem.png: not there; type `snakemake targets` first", main, "plain", Path("out"))
    Path("data/pairs.csv").write_text("pair,identity,eyes\np,ann,ben\n")
    refused("no pair can be exported: takes eyes", main, "hairfastgan", Path("out"))
    Path("data/pairs.csv").unlink()
    refused("pairs.csv: not there; type `snakemake targets` first", main, "plain", Path("out"))


@pytest.mark.dag
def test_a_stand_in_goes_all_the_way(planned):
    """Export, another method's results (a stand-in's), ingest, compose, judge: good ones count, broken ones are named.

    What is typed is what README.txt says, but that the stand-in takes the place of main.py.
    """
    done = run_module(planned, "stages.export", "--layout", "hairfastgan", "--out", "results/other")
    assert done.returncode == 0 and "6 of 6 pairs, 3 faces" in done.stderr
    folder = planned / "results" / "other"
    run, collect, ingest = (
        next(line.strip() for line in (folder / "README.txt").read_text().splitlines() if line.strip().startswith(word))
        for word in ("python main.py", "sh ", "python -m stages.ingest")
    )
    must(planned, sys.executable, str(ROOT / "tests" / "stand_in.py"), *shlex.split(run)[2:])
    (folder / "output" / "ann_cem_cem.png").unlink()
    shutil.copy(planned / "data" / "faces" / "ben.png", folder / "output" / "ben_ann_ann.png")
    assert must(planned, *shlex.split(collect)) == "missing: output/ann_cem_cem.png (pair ann-cem)\n"
    done = run_module(planned, *shlex.split(ingest)[2:])
    assert done.returncode == 1 and "1 images are missing or unusable" in done.stderr
    choice = read_yaml(planned / "params.yaml")["methods"]["hairfastgan"]
    assert choice == {"kind": "results", "images": "results/other/results"}

    done = run_module(
        planned, "stages.compose", "--method", json.dumps({"hairfastgan": choice}), "--params", "{}",
        "--scheme", "celebamask-19", "--pairs", "data/pairs.csv", "--data", "data",
        "--out", "data/composites/hairfastgan", "--record", "data/records/composites/hairfastgan/000.json",
        "--precision", "auto", "--weights", "{}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pairs = list(listed_pairs(Path("data/pairs.csv"), Path("data/images.csv")).values())
    listed, out = {pair.pair: pair for pair in pairs}, Path("data/measured")
    images = {name: seen(f"data/faces/{name}.png") for name in ("ann", "ben", "cem")}
    in_turn(job_steps("measured-pairs", pair_job(listed, Path("data"), out, SCHEME), [], Path("record.json")))
    of_pairs = {name: read_sheet(out / f"{name}.safetensors", name) for name in listed}
    absent = absent_of(pairs, {i["item"]: i for i in read_chunks(Path("data/records/composites/hairfastgan"))["items"]})
    made_of = {name: Path(f"data/composites/hairfastgan/{name}.png") for name in listed}
    composites = {name: "empty" if name in absent else seen(path) for name, path in made_of.items()}
    judged = judge_all(pairs, images, of_pairs, {"hairfastgan": composites}, {"hairfastgan": absent})["hairfastgan"]
    assert {pair: failure.rule for pair, failure in judged.failures.items()} == {
        "ann-cem": "missing", "ben-ann": "unchanged",
    }  # fmt: skip
    assert sum(value.value for value in failure_values(judged, pairs)) == 2
    for name in ("ann-ben", "cem-ann"):
        composite = np.asarray(Image.open(f"data/composites/hairfastgan/{name}.png"))
        made = np.asarray(Image.open(folder / "output" / f"{name.replace('-', '_')}_{name.split('-')[1]}.png"))
        assert (composite == made).all()
