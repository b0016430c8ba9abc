"""Pairs for another method: what its script reads, what cannot be exported, and the whole way back to a judged row."""

import json
import shlex
import shutil
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
from stages.measure import job_steps, pair_job
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.regions.pair import Pair
from stages.scoring.judging import absent_of, failure_values, judge_all
from stages.scoring.measuring import see
from stages.scoring.sheets import Sheet, of_seen, read_sheet
from stages.settings.layouts import chosen, readme, with_layout
from stages.settings.manifests import listed_pairs, read_pairs
from stages.settings.yaml_files import read_yaml
from stages.systems import Given

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


def laid_out(layout, pairs=PAIRS):
    """What a layout gives for pairs whose artifacts it does not look at."""
    _, made_by = chosen(layout)
    return made_by(Given(pairs, FOLDER, texts={"ben": "a bob"}))


def test_hairfastgan_reads_a_line_of_three_and_joins_their_names():
    export = laid_out("hairfastgan")
    lines = export.files["pairs.txt"].make().decode().splitlines()
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
    assert len(laid_out("hairfastgan", pairs).results) == 2
    pairs = [Pair("p", "a", {"hair": "b"}, {"hair": "b_b"}), Pair("q", "a", {"hair": "b_b"}, {"hair": "b"})]
    refused("results of p and q into one file, output/a_b_b_b.png", laid_out, "hairfastgan", pairs)


def test_lists_for_others_can_be_read_again(tmp_path):
    """Here the lists are read by this project's own reader of HairPort's form and of its own."""
    for layout, expected in (("hairport", PAIRS[:1]), ("plain", PAIRS)):
        export = laid_out(layout)
        (tmp_path / "pairs.csv").write_bytes(export.files["pairs.csv"].make())
        found = read_pairs(tmp_path / "pairs.csv")
        assert [(pair.identity, pair.columns) for pair in found] == [(pair.identity, pair.columns) for pair in expected]
        assert len(export.left_out) == len(PAIRS) - len(expected)
    assert list(laid_out("hairport").results) == ["p"]


def test_michigan_takes_shape_and_colour_of_two_images():
    calls = [line for line in laid_out("michigan").files["run.sh"].make().decode().splitlines() if line[:4] == "one "]
    assert calls == ["one p ben ben", "one q ann cem", "one r cem ann"]


@pytest.mark.parametrize("layout", with_layout())
def test_the_readme_says_what_to_type_what_is_taken_and_what_is_left_out(layout):
    export, (system, _) = laid_out(layout), chosen(layout)
    text = readme(layout, "mine", export, FOLDER, Path("/project")).decode()
    assert all(run in text for run in export.runs)
    folder = f"{FOLDER}/results" if layout == "plain" else FOLDER
    assert f"stages.ingest --name mine --dir '{folder}' --write" in text
    assert all(f"{pair}: {why}" in text for pair, why in export.left_out.items())
    assert all(f"{what}: {where}" in text for what, where in system.takes.items())
    assert layout == "plain" or all(f"{what}: {where}" in text for what, where in system.facts.items())


def test_faces_are_exported_and_a_failed_one_leaves_its_pairs_out(planned):
    Path("data/faces/cem.png").write_bytes(b"")
    main("plain", Path("out"))
    assert sorted(path.name for path in Path("out/faces").iterdir()) == ["ann.png", "ben.png"]
    assert Path("out/faces/ann.png").read_bytes() == Path("data/faces/ann.png").read_bytes()
    assert [pair.pair for pair in read_pairs(Path("out/pairs.csv"))] == ["ann-ben", "ben-ann"]
    assert "cem-ann: no face was made of cem" in Path("out/README.txt").read_text()


def test_what_stands_in_the_way_is_told_in_one_line(planned, refused):
    refused("^--layout other: unknown; known: plain, hairfastgan, hairfusion, hairport, ", main, "other", Path("out"))
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
    assert done.returncode == 0 and "6 of 6 pairs" in done.stderr
    folder = planned / "results" / "other"
    run, ingest = (
        next(line.strip() for line in (folder / "README.txt").read_text().splitlines() if line.strip().startswith(word))
        for word in ("python main.py", "python -m stages.ingest")
    )
    must(planned, sys.executable, str(ROOT / "tests" / "stand_in.py"), *shlex.split(run)[2:])
    (folder / "output" / "ann_cem_cem.png").unlink()
    shutil.copy(planned / "data" / "faces" / "ben.png", folder / "output" / "ben_ann_ann.png")
    done = run_module(planned, *shlex.split(ingest)[2:])
    assert done.returncode == 1 and "1 images are missing or unusable" in done.stderr
    assert "output/ann_cem_cem.png: missing (pair ann-cem)" in done.stderr
    choice = read_yaml(planned / "params.yaml")["methods"]["hairfastgan"]
    assert choice == {"kind": "results", "system": "hairfastgan", "images": "results/other/results"}

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
