"""The command: a finished run's default gives the table's own numbers, and both files are written."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from drawn_run import MAPS, PAIRS, Run, drawn_judges
from support import ROOT

from stages import registry
from stages.engine.stage_records import write_record
from stages.scoring.prepared import Setup
from stages.scoring.variants import short
from stages.sensitivity import main, of_other_parsers
from stages.settings.yaml_files import read_yaml
from stages.statistics import table
from stages.statistics.table import FAILURE

OWN = ("iou", "perceptual", "psnr", "ssim")  # what needs no weights


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A finished run of three drawn faces of 64 px, and its table; method two has no result of pair r."""
    monkeypatch.setattr(registry, "names", lambda room, names=registry.names: OWN if room == "metrics" else names(room))
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    run = Run(data)
    run.fail("two", "r")
    judges = drawn_judges()
    rows = [
        {"protocol": "transfer", "method": method, "item": v.item, "metric": v.metric, "value": v.value,
         "direction": v.direction, "note": v.note}
        for method, v in run.transfer(judges) if v.item != "*"
    ]  # fmt: skip
    of_failure = {"protocol": "transfer", "metric": FAILURE, "direction": "lower"}
    for method in ("one", "two"):
        for pair in PAIRS:
            note = "missing" if (method, pair.pair) == ("two", "r") else ""
            rows.append(of_failure | {"method": method, "item": pair.pair, "value": float(bool(note)), "note": note})
    table.write(table.summarise(pd.DataFrame(rows), level=0.95), "reports/metrics.parquet")
    (data / "composites").mkdir()
    for method in ("one", "two"):
        shutil.move(data / method, data / "composites" / method)
    (data / "images.csv").write_text("image,source\n" + "".join(f"{name},drawn\n" for name in MAPS))
    lines = [f"{pair.pair},{pair.identity},{pair.regions['hair']}\n" for pair in PAIRS]
    (data / "pairs.csv").write_text("pair,identity,hair\n" + "".join(lines))
    params = read_yaml(ROOT / "params.yaml")
    params["score"]["size"] = 64
    params["methods"] = {name: {"kind": "results", "images": "mine"} for name in ("one", "two")}
    write_record(Path("reports/record.json"), "report", [], params=params)
    monkeypatch.setattr("stages.sensitivity.load_judges", lambda *_: judges)
    monkeypatch.setattr("stages.sensitivity.FACE_SIZE", 64)
    return tmp_path


def test_the_default_gives_the_tables_numbers(finished, capsys):
    main(["kept PSNR", "kept SSIM"])
    numbers, told = pd.read_parquet("reports/sensitivity.parquet"), table.read("reports/metrics.parquet")
    default = numbers[numbers["variant"] == "default"].set_index(["method", "item", "measured"])["value"]
    expected = told[told["protocol"] == "transfer"].set_index(["method", "item", "metric"])["value"]
    assert sorted({short(name) for *_, name in default.index}) == ["kept PSNR", "kept SSIM"]
    assert {pair for _, pair, _ in default.index} == {"p", "q"}, "two has no r"
    assert (default - expected.reindex(default.index)).abs().max() < 1e-9
    assert set(numbers["variant"]) == {
        "default", "results as JPEG 95", "masks larger by 5 px", "masks larger by 10 px",
    }  # fmt: skip
    text = Path("reports/sensitivity.md").read_text()
    assert text in capsys.readouterr().out
    assert "the 2 of 3 pairs in which no method failed" in text and "halves of the pairs" in text


def test_what_does_not_fit_the_run_is_told_in_one_line(finished, refused):
    refused("'taken IoU': cannot be measured so", main, ["taken IoU"])
    Path("data/targets/p.png").rename("aside.png")
    refused("p.png: 1 files of the run are not there, this one first; type `snakemake`", main, ["kept PSNR"])
    Path("data/pairs.csv").write_text("pair,identity,hair\nq,c,a\n")
    refused("pairs.csv: p of the run's table is not there; type `snakemake` first", main, ["kept PSNR"])
    Path("reports/metrics.parquet").write_bytes(b"damaged")
    refused("metrics.parquet: not a table .*type `snakemake` first", main)


def test_other_parsers_judge_from_the_table():
    setup = Setup(256, ("A",), "bisenet19", 512, False, False, ("bisenet16",))
    names = {"taken IoU bisenet19@512": 0.9, "taken judge IoU bisenet16@512": 0.5}
    frame = pd.DataFrame(
        [("one", "p", name, value, "higher", "") for name, value in names.items()],
        columns=["method", "item", "metric", "value", "direction", "note"],
    )
    found = of_other_parsers(frame, setup, ["p"])
    assert found[["metric", "variant", "measured", "value"]].values.tolist() == [
        ["taken IoU bisenet19", "default", "taken IoU bisenet19@512", 0.9],
        ["taken IoU bisenet19", "judge bisenet16", "taken judge IoU bisenet16@512", 0.5],
    ]
    assert of_other_parsers(frame, setup._replace(judge_parsers=()), ["p"]).empty
