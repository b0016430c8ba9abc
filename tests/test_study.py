"""The command: a study is built from a run, people are asked, their answers become a table."""

import json
import re
import signal
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest
from small_study import METHODS, PAIRS, make_run
from support import ENVIRONMENT, ROOT, run_module
from typer.testing import CliRunner

from stages.errors import UserError
from stages.statistics.votes import read
from stages.study import app


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A finished run, in which a result is a failure and a file is empty."""
    folder = make_run(tmp_path_factory.mktemp("run"), ("poisson", "pair-of-annab"))
    (folder / "data" / "composites" / "copy_paste" / "pair-of-cleop.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def study(run_folder):
    """A study of it, built by the command."""
    done = run_module(run_folder, "stages.study", "build", "--share", "2", "--size", "64", "--attention", "12")
    assert done.returncode == 0, done.stderr
    assert "not shown: pair-of-annab by poisson: copied: it is benedict" in done.stdout
    assert "not shown: pair-of-cleop by copy_paste: it could not be computed" in done.stdout
    assert "5 comparisons of 3 methods on 3 pairs, of which a person is asked 2." in done.stdout
    return run_folder / "study"


def serving(folder, *arguments):
    """A server of the study on a free port, and its address."""
    command = [sys.executable, "-m", "stages.study", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    line = process.stdout.readline()
    found = re.search(r"http://([\w.-]+):(\d+)/(\S*)", line)
    assert found, line + process.stderr.read()
    return process, f"http://127.0.0.1:{found[2]}", found[3], line


def asked(address, path, body=None):
    content = None if body is None else json.dumps(body).encode()
    with urlopen(Request(address + path, content, {"Content-Type": "application/json"}), timeout=30) as answer:
        return json.loads(answer.read())


def test_from_a_run_to_a_table(run_folder, study):
    nobody = run_module(run_folder, "stages.study", "export")
    assert nobody.returncode == 1 and "nobody has answered yet" in nobody.stderr
    process, address, _, line = serving(run_folder)
    assert line.startswith("Open http://127.0.0.1:") and "token" not in line
    code = asked(address, "/begin", {})["code"]
    state = asked(address, f"/p/{code}/state")
    while state["trial"]:
        sent = {"number": state["trial"]["number"], "choice": "left", "ms": 900}
        state = asked(address, f"/p/{code}/answers", sent)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and errors == ""
    assert f"holds {state['of']} answers of 1 person." in out
    page = run_module(run_folder, "stages.study", "serve", "--offline", "page.html", "--sheets", "2", "--size", "64")
    assert page.returncode == 0 and "2 sheets" in page.stdout, page.stderr
    sent = run_folder / "sent"
    sent.mkdir(exist_ok=True)
    digest = json.loads(re.search(r'id="study">(.*?)</script>', (run_folder / "page.html").read_text())[1])["study"]
    given = [{"number": 0, "choice": "right", "ms": 700, "at": 1.7e9}]
    body = {"format": 1, "study": digest, "code": "f0123456789", "sheet": 1, "answers": given}
    (sent / "answers.json").write_text(json.dumps(body))
    (sent / "holiday.json").write_text("[]")
    done = run_module(run_folder, "stages.study", "export", "--answers", "sent")
    assert done.returncode == 0, done.stderr
    assert "left out: holiday.json" in done.stdout
    assert "  votes: reports/votes.parquet" in done.stdout.splitlines()
    votes = read(run_folder / "reports" / "votes.parquet")
    assert len(votes.answers) == state["of"] + 1
    assert votes.answers["source"].value_counts().to_dict() == {"server": state["of"], "file": 1}
    assert set(votes.answers["pair"]) <= set(PAIRS) and set(votes.answers["left"]) <= set(METHODS)
    facts = votes.facts
    assert (facts.began, facts.comparisons, facts.share, facts.allowed_wrong) == (2, 5, 2, 1)
    assert [(each.pair, each.method) for each in facts.left_out] == [
        ("pair-of-annab", "poisson"), ("pair-of-cleop", "copy_paste")
    ]  # fmt: skip
    assert facts.refused[0].startswith("holiday.json: ")
    without = run_module(run_folder, "stages.study", "export", "--answers", "sent", "--without", "f0123456789")
    assert without.returncode == 0, without.stderr
    again = read(run_folder / "reports" / "votes.parquet")
    assert len(again.answers) == state["of"] and (again.facts.began, again.facts.withdrawn) == (2, 1)


def test_make_clean_keeps_votes(tmp_path):
    kept = ["reports/votes.parquet", "study/votes.sqlite", "study/study.json"]
    for name in [*kept, "reports/report.md", "reports/figures/a.png", "data/faces/a.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["make", "-f", str(ROOT / "Makefile"), "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def test_open_to_others_says_the_token(run_folder, study):
    process, address, query, line = serving(run_folder, "--open-to-others", "127.0.0.1")
    token = json.loads((study / "study.json").read_text())["token"]
    assert query == f"?token={token}" and line.count("\n") == 1
    assert asked(address, "/begin", {"token": token})["code"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "--out", "study"], "not empty"),
        (["build", "--out", "s", "--method", "poisson"], "two methods or more"),
        (["build", "--out", "s", "--method", "poisson", "--method", "poisson"], "named twice"),
        (["build", "--out", "s", "--method", "mine"], "no such method; it has barbershop, copy_paste, poisson"),
        (["build", "--out", "s", "--against", "mine"], "none of the methods"),
        (["build", "--out", "s", "--pair", "mine"], "lists no such pair"),
        (["build", "--out", "s", "--attention", "1"], "must be less than the 1 attention trials"),
        (["build", "--out", "s", "--words", "nothing.yaml"], "nothing.yaml: cannot be read"),
        (
            ["build", "--out", "s", "--words", "wrong.yaml"],
            "wrong.yaml: colour: no such key; there are title, question, consent, instructions, thanks",
        ),
        (
            ["build", "--out", "s", "--reports", "none"],
            "none/metrics.parquet: No such file or directory; type `snakemake` first, or name the folder: --reports",
        ),
        (["build", "--out", "s", "--data", "none"], "none/composites: no such folder; type `snakemake` first"),
        (["build", "--out", "s", "--draw", "100"], "to draw from; ask for fewer"),
        (["serve", "--study", "none"], "no study"),
        (["export", "--study", "none"], "no study"),
        (["export", "--answers", "none"], "none: no such folder"),
        (["export", "--without", "nobody"], "nobody with this code has answered"),
    ],
)
def test_mistakes_are_told(run_folder, study, arguments, said, monkeypatch):
    monkeypatch.chdir(run_folder)
    (run_folder / "wrong.yaml").write_text("colour: red\n")
    wrong = CliRunner().invoke(app, arguments).exception
    assert isinstance(wrong, UserError)
    assert said in str(wrong) and "\n" not in str(wrong)


def test_an_altered_study_is_refused_in_one_line(run_folder, study, tmp_path):
    folder = tmp_path / "altered"
    folder.mkdir()
    (folder / "study.json").write_text((study / "study.json").read_text().replace("poisson", "barbershop", 1))
    done = run_module(run_folder, "stages.study", "serve", "--study", str(folder))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "error: " in done.stderr and "was altered since it was built" in done.stderr


def test_other_pairs_than_hair_need_a_question_of_ones_own(tmp_path, monkeypatch):
    folder = make_run(tmp_path)
    monkeypatch.chdir(folder)
    listed = folder / "data" / "pairs.csv"
    listed.write_text(listed.read_text().replace("hair", "eyes"))
    wrong = CliRunner().invoke(app, ["build"]).exception
    assert "asks for hair alone; write a question of your own" in str(wrong)
    assert not list(folder.glob("*study*")), "nothing half made stays"
    (folder / "words.yaml").write_text("question: Which eyes are better?\n")
    assert CliRunner().invoke(app, ["build", "--words", "words.yaml"]).exit_code == 0
    sources = json.loads((folder / "study" / "study.json").read_text())["pairs"][0]["sources"]
    assert [source["says"] for source in sources] == ["the face", "the eyes"]
