"""The study as one file, and the files of answers that come back."""

import base64
import html
import json
import re

import pytest
from small_study import SECRETS

from stages.statistics.votes import COMPARISON
from stages.voting.offline import draw_sheets, page_of, read_answers, write_sheets


@pytest.fixture
def sheets(opened):
    drawn = draw_sheets(opened, 3)
    write_sheets(opened, drawn)
    return drawn


def answers(opened, path, code="f00000000aa", sheet=0, choices=("left", "right"), **changes):
    """A file of answers as the page saves it."""
    given = [{"number": k, "choice": choice, "ms": 800, "at": 1.7e9 + k} for k, choice in enumerate(choices)]
    body = {"format": 1, "study": opened.digest, "code": code, "sheet": sheet, "answers": given} | changes
    path.write_text(json.dumps(body))
    return path


def data_of(page: str):
    return json.loads(re.search(r'<script type="application/json" id="study">(.*?)</script>', page, re.S)[1])


def test_the_page_holds_every_picture_of_its_sheets_and_loads_nothing(opened, sheets):
    page = page_of(opened, sheets, 48)
    data = data_of(page)
    asked = {each for sheet in data["sheets"] for trial in sheet for each in (trial["left"], trial["right"])}
    asked |= {source["picture"] for sheet in data["sheets"] for trial in sheet for source in trial["sources"]}
    assert asked == set(data["pictures"])
    assert [len(sheet) for sheet in data["sheets"]] == [len(sheet) for sheet in sheets]
    policy = html.unescape(re.search('http-equiv="Content-Security-Policy" content="(.*?)"', page)[1])
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert page.count("<script") == 2 and not re.search(r"<(?:link|iframe|object|embed)|<img[^>]* src", page)


def test_the_page_tells_no_method_pair_path_or_order(opened, sheets, run_folder):
    page = page_of(opened, sheets, 48)
    data = data_of(page)
    content = page.encode() + b"".join(base64.b64decode(picture) for picture in data["pictures"].values())
    for secret in [*SECRETS, str(opened.folder), str(run_folder), opened.study.token, str(opened.study.seed)]:
        assert secret.lower().encode() not in content.lower(), secret
    assert list(data["pictures"]) == sorted(data["pictures"])
    told = {key for sheet in data["sheets"] for trial in sheet for key in trial}
    assert told == {"left", "right", "sources", "practice"}
    assert [bool(trial["practice"]) for trial in data["sheets"][0]] == [True] + [False] * 13


def test_sheets_are_even(make_study, tmp_path):
    opened = make_study(tmp_path / "study", share=3)
    asked = [trial.comparison for sheet in draw_sheets(opened, 6) for trial in sheet if trial.kind == COMPARISON]
    assert sorted(asked) == sorted([*range(9)] * 2)


def test_answers_come_back(opened, sheets, tmp_path):
    files = [answers(opened, tmp_path / "a.json"), answers(opened, tmp_path / "b.json", "f00000000bb", 2, ["right"])]
    read = read_answers(opened, files)
    assert (read.persons, read.refused) == (2, [])
    assert [(a.rater, a.trial, a.choice) for a in read.answers] == [
        ("f00000000aa", sheets[0][0], "left"), ("f00000000aa", sheets[0][1], "right"),
        ("f00000000bb", sheets[2][0], "right"),
    ]  # fmt: skip


def test_a_file_sent_twice_counts_once_and_the_first_answer_stays(opened, sheets, tmp_path):
    first = answers(opened, tmp_path / "z.json", choices=["left"])
    later = answers(opened, tmp_path / "a.json", choices=["right", "left"])
    later.write_text(later.read_text().replace("1700000000.0", "1700009999.0"))
    read = read_answers(opened, [later, first, first])
    assert [answer.choice for answer in read.answers] == ["left", "left"]
    assert read.persons == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"study": "0" * 64}, "another study"),
        ({"sheet": 3}, "sheet 3"),
        ({"sheet": -1}, "sheet"),
        ({"format": 2}, "format"),
        ({"code": "<b>"}, "code"),
        ({"choices": ["up"]}, "choice"),
        ({"choices": ["left"] * 15}, "none of its sheet"),
        ({"answers": [{"number": 0, "choice": "left", "ms": 5, "at": 1.0}] * 2}, "twice"),
        ({"answers": [{"number": 0, "choice": "left", "ms": 5, "at": float("nan")}]}, "at"),
        ({"answers": 5}, "answers"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_file_of_answers_is_named_and_the_others_are_read(opened, sheets, tmp_path, changes, why):
    good = answers(opened, tmp_path / "good.json")
    bad = answers(opened, tmp_path / "bad.json", **({"code": "f00000000cc"} | changes))
    read = read_answers(opened, [bad, good])
    assert len(read.answers) == 2
    (line,) = read.refused
    assert line.startswith("bad.json: ") and why in line and "\n" not in line


def test_large_and_broken_files_are_named(opened, sheets, tmp_path):
    (tmp_path / "large.json").write_text(" " * 1_000_001)
    (tmp_path / "broken.json").write_bytes(b"\xff{")
    read = read_answers(opened, [tmp_path / "large.json", tmp_path / "broken.json", tmp_path / "gone.json"])
    assert [line.partition(":")[0] for line in read.refused] == ["broken.json", "gone.json", "large.json"]


def test_one_code_with_two_sheets_is_refused(opened, sheets, tmp_path):
    read = read_answers(opened, [answers(opened, tmp_path / "a.json"), answers(opened, tmp_path / "b.json", sheet=1)])
    assert len(read.answers) == 2 and read.refused == ["b.json: the same code as in another file, and another sheet"]


def test_other_sheets_of_the_same_study_are_refused(opened, sheets, refused):
    write_sheets(opened, draw_sheets(opened, 3))
    refused(r"as many as then \(--sheets 3\)", write_sheets, opened, draw_sheets(opened, 4))


def test_altered_and_missing_sheets_are_refused(opened, sheets, refused, tmp_path):
    path = opened.folder / "sheets.json"
    file = answers(opened, tmp_path / "a.json")
    path.write_text(path.read_text().replace('"left"', '"right"', 1))
    refused("was altered", read_answers, opened, [file])
    path.unlink()
    refused("no offline page was made", read_answers, opened, [file])
