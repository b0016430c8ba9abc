"""The whole DAG on real weights at smoke scale, and what a user's mistakes and interruptions do to it."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import yaml
from elements import Elements, content_of
from PIL import Image
from support import ENVIRONMENT, ROOT, SMOKE, Terminal, checkout, run_module, snakemake

from stages.formats.images import read_rgb
from stages.statistics import table

pytestmark = [pytest.mark.dag, pytest.mark.weights]

PARAMS = yaml.safe_load((ROOT / SMOKE).read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory, weights) -> Path:
    """A folder in which the smoke scale has run from start to report."""
    folder = checkout(tmp_path_factory.mktemp("run") / "main", weights)
    done = snakemake(folder)
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout + done.stderr)
    return folder


def test_a_run_says_what_matters_on_one_screen(finished):
    """In a log: every stage once, with what it did, and where everything else stands."""
    lines = (finished / "said.txt").read_text().splitlines()
    assert len(lines) <= 40
    text = "\n".join(lines)
    assert re.search(r"^\S+ 29 jobs: 42 items and 11 lists and tables \(cores=1, gpu=1\)$", text, re.M)
    for stage, items in {"faces": 2, "codes": 2, "measured-pairs": 5}.items():
        (line,) = re.findall(rf"^\S+ {stage}: .*", text, re.M)
        assert f"{items} items, 0 stored, {items} computed (" in line
    assert "report: reports/report.md: Barbershop, evaluated: VALID (" in text
    assert ": 29 jobs; 0 stored, 42 computed items." in text
    account = finished / lines[-1].rpartition(" ")[2]
    assert "rule make_codes:" in account.read_text(), "Snakemake's own"


def test_the_run_log_holds_what_the_documents_say(finished):
    """Every line has the fields of its state, and no other; items are those of the records, each once."""
    tables = (ROOT / "docs" / "watching.md").read_text().split("In the file of a job")[1].split("In `logs/run.jsonl`")
    fields = [
        {
            state: set(re.findall(r"`(\w+)`", cell))
            for state, cell in re.findall(r"^\| `(\w+)` \|.*?\| (.*) \|$", part, re.M)
        }
        for part in tables
    ]
    optional = {"losses", "reason", "device_peak_mib", "seconds", "of", "points"}
    logs = sorted((finished / "logs").rglob("*.jsonl"))
    items = []
    for path in logs:
        of_run = path.name == "run.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[0]["state"] == "began" and lines[-1]["state"] == "ended" and "reason" not in lines[-1]
        for line in lines:
            common = {"time", "host", "state"} | (set() if of_run else {"job"})
            known = fields[of_run][line["state"]]
            assert common | (known - optional) - {"chunk"} <= line.keys() <= common | known, line
            assert datetime.fromisoformat(line["time"]).tzinfo is not None
            if line["state"] == "computed":
                items.append((line["stage"], line["item"]))
                assert line["seconds"] >= 0 and line["peak_mib"] > 0 and line["chunk"] == "000"
                for curve in line.get("losses", []):
                    assert all(step >= 1 and loss > 0 for step, loss in curve["points"])
    assert len(logs) == 30
    assert len(items) == len(set(items)) == 42
    curves = {job for job in ("codes-w", "codes", "aligned-barbershop", "composites-barbershop") if '"points"' in
              (finished / "logs" / job / "000.jsonl").read_text()}  # fmt: skip
    assert len(curves) == 4, "what optimises has curves"


def test_the_status_of_a_finished_run(finished):
    done = run_module(finished, "stages.status")
    assert done.returncode == 0 and done.stdout.startswith("Done: ")
    assert len(done.stdout.splitlines()) <= 40
    assert re.search(r"^codes +2/2 +0 +2 +0 +\d+\.\d  done$", done.stdout, re.M)


def test_report_is_valid_and_complete(finished):
    text = (finished / "reports" / "report.md").read_text()
    assert text.startswith("# Barbershop, evaluated: VALID\n")
    assert "not all items were computed in the same environment" not in text, "of one run on one machine"
    for method in ("Baseline", "LOHO", "MichiGAN", "Barbershop"):
        assert f"| {method} |" in text
    shown = re.findall(r"\]\((figures/[^)]+)\)", text)
    assert {"figures/transfer.png", "figures/errors.png", "figures/seconds.png"} < set(shown)
    for figure in shown:
        assert (finished / "reports" / figure).stat().st_size > 10_000
    frame = table.read(finished / "reports" / "metrics.parquet")
    assert set(frame["protocol"]) == {"reconstruction", "self-transfer", "transfer"}
    assert set(frame["method"]) == {"barbershop", "baseline", "copy_paste", "poisson"}
    assert not any("FID" in metric for metric in frame["metric"])


@pytest.mark.parametrize("kind", ["zip", "html"])
def test_snakemakes_own_report_opens_on_the_report_and_every_link_leads_somewhere(finished, tmp_path, kind):
    """It needs no network: its scripts are in it."""
    done = snakemake(finished, "--report", str(tmp_path / f"report.{kind}"))
    assert done.returncode == 0, done.stderr
    if kind == "zip":
        shutil.unpack_archive(tmp_path / "report.zip", tmp_path)
    page = (tmp_path / ("report/report.html" if kind == "zip" else "report.html")).read_text()
    assert not re.search(r"<(script|link)[^>]*(src|href)=.http", page)
    assert re.search(r"ranked by(\\n| )taken(\\n| )ST-LPIPS-Alex of barbershop", page)

    def held(name: str) -> Any:
        """What Snakemake's page holds as JSON in the script of that name."""
        start = page.index(" = ", page.index(f'<script id="{name}">')) + 3
        return json.JSONDecoder().raw_decode(page, start)[0]

    results, categories = held("results"), held("categories")
    reports = finished / "reports"
    made = [*(reports / "figures").iterdir(), *(reports / "plots").iterdir(), reports / "gallery-mail.html"]
    assert {Path(name).name for name in results} == {path.name for path in made}
    for name, result in results.items():
        content = (finished / name).read_bytes()
        uri = result["data_uri"]
        shown = (
            base64.b64decode(uri.partition(";base64,")[2])
            if kind == "html"
            else (tmp_path / "report" / uri).read_bytes()
        )
        assert shown == content

    opening = Elements(held("workflow-desc").encode())
    assert "Barbershop, evaluated: VALID" in opening.text and "taken IoU bisenet19@512" in opening.text
    places = {place for tag in ("h1", "h2", "h3") for place in opening.of(tag, "id")}
    links = opening.of("a", "href")
    assert len(links) > 10
    for link in links:
        if link.startswith("javascript:app.showCategory("):
            assert unquote(link.split("'")[1]) in categories
        elif link.startswith("#"):
            assert link[1:] in places
        elif link.startswith("gallery.html"):  # not beside Snakemake's page: there they look like text
            assert '.prose .report a[href^="gallery.html"] { pointer-events: none;' in held("workflow-desc")
        else:
            assert link.startswith("data:") and len(content_of(link)[1]) > 100
    pictures = [content_of(uri) for uri in opening.of("img", "src")]
    assert sorted(pictures) == sorted(("image/png", path.read_bytes()) for path in (reports / "figures").iterdir())


def test_a_report_that_fails_leaves_the_last_one_and_is_made_again(finished):
    reports = finished / "reports"
    values = (reports / "metrics.parquet").read_bytes()
    (reports / "metrics.parquet").write_bytes(b"no table")
    before = {path: path.read_bytes() for path in reports.rglob("*") if path.is_file()}
    for _ in range(2):
        failed = snakemake(finished)
        assert failed.returncode != 0 and "not a table of metrics" in failed.stderr, "also the second time"
        assert "FAILED: report (rule make_report)\n" in failed.stderr and "log: logs/report.log\n" in failed.stderr
        assert "NOT DONE after " in failed.stderr and len(failed.stderr.splitlines()) <= 12
        after = {path: path.read_bytes() for path in reports.rglob("*") if path.is_file()}
        assert "earlier run" in after.pop(reports / "STALE.txt").decode()
        assert after == {path: content for path, content in before.items() if path.name != "record.json"}
    (reports / "metrics.parquet").write_bytes(values)
    done = snakemake(finished)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in reports.iterdir()} == {path.name for path in before if path.parent == reports} | {
        "figures", "plots", "gallery"
    }  # fmt: skip
    text = (reports / "report.md").read_text()
    assert f"settings: from `params.yaml` and `{SMOKE}`" in text
    assert "| `blend.steps` | `10` | `2` |" in text


def test_second_run_has_nothing_to_do(finished):
    done = snakemake(finished)
    assert "Nothing to be done" in done.stderr + done.stdout


def test_a_blend_parameter_reruns_what_is_blended_score_and_pages_only(finished, tmp_path):
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(PARAMS | {"blend": PARAMS["blend"] | {"steps": 3}}))
    planned = snakemake(finished, "-n", scale=str(changed))
    jobs = dict(re.findall(r"^(make_\w+) +(\d+)$", planned.stdout + planned.stderr, re.M))
    once = ("make_measured_pairs", "make_score", "make_report", "make_pictures_of_pairs", "make_gallery")
    asked = {"make_composites": "2", **dict.fromkeys(once, "1")}
    assert jobs == asked, "what is pasted does not depend on it"


def test_killed_run_recomputes_no_finished_item_and_ends_in_the_same_table(finished, tmp_path, weights):
    """SIGKILL of the embedding after its first item, then two jobs at a time, with one item each.

    Embeddings and Barbershop's composites are made again in another folder. All else is stored there by the digests of
    what it was made of: it serves if the same is made.
    """
    folder = checkout(tmp_path / "other", weights)
    terminal = Terminal()
    made = shutil.ignore_patterns("codes", "composites-barbershop", "unchanged")
    shutil.copytree(finished / ".cache", folder / ".cache", symlinks=True, ignore=made)
    process = subprocess.Popen(
        ["snakemake", "--configfile", SMOKE], cwd=folder, env=ENVIRONMENT, stdout=terminal.stream,
        stderr=terminal.stream, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while not list((folder / ".cache" / "codes").glob("*/record.json")):
        assert process.poll() is None and time.monotonic() < deadline, "the embedding finished no item"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shown = terminal.text()
    assert re.search(r"\r +\d+% \S+ +\d+ of 53, [^\r]* left[^\r]*; at work: codes/000", shown), "a bar"
    assert "to compute" not in shown, "what stages say is in their logs"
    lost = run_module(folder, "stages.status").stdout
    assert lost.startswith("LOST: ") and re.search(r"^codes +[01]/2 .* lost 000$", lost, re.M)
    stored = {path: path.read_bytes() for path in (folder / ".cache" / "codes").glob("*/record.json")}
    assert len(stored) == 1
    unlocked = snakemake(folder, "--unlock")
    assert unlocked.returncode == 0, unlocked.stderr
    scale = tmp_path / "single.yaml"
    scale.write_text(yaml.safe_dump(PARAMS | {"jobs": {"items": 1}}))
    done = snakemake(folder, "--cores", "2", "--resources", "gpu=2", scale=str(scale))
    assert done.returncode == 0, done.stderr
    assert "(cores=2, gpu=2)" in done.stderr
    assert "codes: 2 items in 2 chunks, 1 stored, 1 computed (" in done.stderr
    assert run_module(folder, "stages.status").stdout.startswith("Done: ")
    assert all(path.read_bytes() == content for path, content in stored.items())
    (said,) = (folder / "logs" / "measured-pairs").glob("*.log")
    assert "measured-composites-barbershop: 1 items, 1 stored, 0 to compute" in said.read_text()
    first, second = (table.read(each / "reports" / "metrics.parquet") for each in (finished, folder))
    assert first.equals(second)
    for figure in (finished / "reports" / "figures").iterdir():
        same = figure.read_bytes() == (folder / "reports" / "figures" / figure.name).read_bytes()
        assert same or figure.name == "seconds.png", f"{figure.name} differs, and no time is in it"


def test_another_systems_results_are_measured_like_ours_and_broken_ones_are_its_failures(finished, tmp_path):
    """Ours, given from a folder, get the values that they have as ours; a row there makes no row of reconstruction.

    Each kind of broken result, made of a real composite, is a method of its own; what is left of it is its count.
    """
    shutil.copytree(finished / "data" / "composites" / "barbershop", tmp_path / "mine")
    data = finished / "data"
    pair, identity, hair = (data / "pairs.csv").read_text().splitlines()[1].split(",")
    composite = data / "composites" / "copy_paste" / f"{pair}.png"
    with Image.open(composite) as opened:
        image = np.asarray(opened)
    white = np.where(np.indices(image.shape[:2])[0][..., None] % 64 < 32, image, 255).astype(np.uint8)
    made = {
        "black": np.zeros_like(image), "mirrored": image[:, ::-1], "faceless": white,
        "unchanged": read_rgb(data / "faces" / f"{identity}.png"), "copied": read_rgb(data / "faces" / f"{hair}.png"),
    }  # fmt: skip
    methods = {}
    for name, pixels in made.items():
        methods[name] = {"kind": "results", "images": str(tmp_path / name)}
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / f"{pair}.jpg", quality=75)
    methods["unreadable"] = {"kind": "results", "images": str(tmp_path / "unreadable")}
    (tmp_path / "unreadable").mkdir()
    (tmp_path / "unreadable" / f"{pair}.png").write_bytes(composite.read_bytes()[:1000])
    ours = yaml.safe_load((ROOT / "params.yaml").read_text())["methods"]
    scale = tmp_path / "broken.yaml"
    mine = {"mine": {"kind": "results", "images": str(tmp_path / "mine")}}
    scale.write_text(yaml.safe_dump(PARAMS | {"methods": ours | methods | mine}))
    done = snakemake(finished, scale=str(scale))
    assert done.returncode == 0, done.stderr
    frame = table.read(finished / "reports" / "metrics.parquet")
    barbershop, given = (
        frame[(frame["method"] == method) & (frame["protocol"] == "transfer")].drop(columns="method")
        for method in ("barbershop", "mine")
    )
    assert len(given) and barbershop.reset_index(drop=True).equals(given.reset_index(drop=True))
    assert set(frame[frame["method"] == "mine"]["protocol"]) == {"transfer"}
    of_pair = frame[(frame["protocol"] == "transfer") & (frame["item"] == pair)].set_index("method")
    notes = of_pair[of_pair["metric"] == "failure"]["note"].to_dict()
    rules = {"black": "constant", "faceless": "blank-faced"} | {name: name for name in methods.keys() - made.keys()}
    for name in methods:
        assert notes[name].startswith(f"{rules.get(name, name)}: "), name
        assert set(of_pair.loc[[name], "metric"]) == {"failure"}, "it is not measured"
    assert {notes[name] for name in ours} == {""}
    report = (finished / "reports" / "report.md").read_text()
    assert report.startswith("# Barbershop, evaluated: VALID\n")
    assert "| unreadable | 1 of 1 | 1.000 [0.207,\u00a01.000] |" in report
    assert (
        f"- mirrored, **[{pair}](gallery.html#pair={pair})**: mirrored: its mirror image fits the pair better" in report
    )


def test_a_face_swap_and_a_bad_photo_go_through(finished, tmp_path):
    """Face regions and looks by the same code, and in the examples; what is no photo is named in an INVALID report."""
    faces = tmp_path / "photos"
    faces.mkdir()
    for name in ("drawn-0000", "drawn-0001"):
        shutil.copy(finished / "data" / "faces" / f"{name}.png", faces / f"{name.replace('drawn', 'photo')}.png")
    (faces / "text.png").write_text("not an image")
    pairs = tmp_path / "pairs.csv"
    rows = ["swap,photo-0000,photo-0001,,", "tint,photo-0000,,,photo-0001", "lost,photo-0000,,text,"]
    pairs.write_text("\n".join(["pair,identity,face,hair,hair_appearance", *rows]))
    params = yaml.safe_load((finished / "params.yaml").read_text())
    params["methods"] = {name: params["methods"][name] for name in ("barbershop", "copy_paste")}
    (finished / "params.yaml").write_text(
        yaml.safe_dump(params | {"report": params["report"] | {"against": "copy_paste"}})
    )
    scale = tmp_path / "photos.yaml"
    changes = {
        "faces": {"source": ["photos"], "photos": str(faces)},
        "pairs": {"file": str(pairs)},
        "examples": {"kinds": ["colour"]},
    }
    scale.write_text(yaml.safe_dump(PARAMS | changes))
    done = snakemake(finished, scale=str(scale))
    assert done.returncode == 0, done.stderr
    report = (finished / "reports" / "report.md").read_text()
    assert report.startswith("# Barbershop, evaluated: INVALID\n")
    assert "text.png: not an image (a PNG, JPEG or WebP file); replace or remove it" in report
    frame = table.read(finished / "reports" / "metrics.parquet")
    measured = frame[(frame["protocol"] == "transfer") & (frame["metric"] != "failure")]
    assert set(measured["item"]) == {"swap", "tint", "*"}
    lost = frame[(frame["metric"] == "failure") & (frame["item"] == "lost")]
    assert len(lost) and lost["note"].str.startswith("missing: ").all()
    assert "figures/examples.png" in report
    assert (finished / "reports" / "figures" / "examples.png").stat().st_size > 10_000
