"""The section on a preference study: its numbers are those of the answers, and who or what is left out is named."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from simulated_votes import facts, simulated_votes

from stages.reporting import votes as module
from stages.reporting.names import method_name
from stages.reporting.page import page
from stages.reporting.tables import number
from stages.reporting.votes import composite_digests, published_table, strengths_figure, votes_section
from stages.statistics import table
from stages.statistics.votes import LeftOut, Votes
from stages.strata.files import image_table

METHODS = ["barbershop", "baseline", "poisson"]
TRUE = np.array([1.0, 0.2, -1.2])
PAIRS = [f"pair-{k:04d}" for k in range(20)]
REPORT = {"method": "barbershop", "strata": ["difficulty"]}
SHOWN = {method: {pair: hashlib.sha256(f"{method}{pair}".encode()).hexdigest() for pair in PAIRS} for method in METHODS}
RECORDS = [
    {"stage": method, "items": [], "files": {f"data/composites/{method}/{p}.png": d for p, d in of.items()}}
    for method, of in SHOWN.items()
]  # fmt: skip


def frame():
    rows = [
        ("transfer", method, pair, metric, f"{pair}-a/{pair}-b", value + 0.01 * k, "higher")
        for metric, values in {"good": TRUE, "bad": -TRUE}.items()
        for method, value in zip(METHODS, values, strict=True)
        for k, pair in enumerate(PAIRS)
    ]
    columns = ["protocol", "method", "item", "metric", "images", "value", "direction"]
    return table.summarise(pd.DataFrame(rows, columns=columns), level=0.95)


def strata():
    images = image_table({"a": None, "b": None}, {})
    thirds = ["easy", "medium", "hard", ""]
    pairs = pd.DataFrame({"pair": PAIRS, "difficulty": [thirds[k % 4] for k in range(20)], "yaw_gap": 3.0})
    return images, pairs.assign(identity="a", reference="b")


@pytest.fixture
def votes():
    return simulated_votes(
        np.random.default_rng(0), TRUE, METHODS, raters=15, careless=2, composites=SHOWN, began=17,
        left_out=[LeftOut(pair="pair-0099", method="poisson", why="copied: it is ben")], refused=["x.json: is no file"],
    )  # fmt: skip


def section(votes, records=RECORDS, known=strata):
    return votes_section(votes, frame(), records, REPORT, 0.95, known and known())


def rows(text, header):
    """The rows of the table whose header begins so."""
    lines = text.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith(f"| {header}"))
    end = next(k for k in range(first, len(lines) + 1) if k == len(lines) or not lines[k].startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[first + 2 : end]]


def test_without_votes_there_is_no_section():
    assert votes_section(None, frame(), RECORDS, REPORT, 0.95, None) == ""


def test_the_counts_are_those_of_the_answers(votes):
    text = section(votes)
    answers = votes.answers[(votes.answers["kind"] == "comparison") & ~votes.answers["rater"].isin(["r013", "r014"])]
    for name, other, chosen, share, pairs, _ in rows(text, "method | against | chosen | share [95%] | pairs"):
        two = {
            {"Barbershop": "barbershop", "Baseline": "baseline", "Poisson": "poisson"}[each] for each in (name, other)
        }
        of_two = answers[[set(each) == two for each in zip(answers["left"], answers["right"], strict=True)]]
        picked = np.where(of_two["choice"] == "left", of_two["left"], of_two["right"])
        wins = int((picked == name.lower()).sum())
        assert chosen == f"{wins} : {len(of_two) - wins}"
        assert share.startswith(f"{wins / len(of_two):.1%} [")
        assert sum(map(int, pairs.split("–"))) == of_two["pair"].nunique()
    assert f"Of {15 * 24} comparisons, {13 * 24} count, by 13 persons on 20 pairs." in text
    assert "17 persons began, 15 answered." in text


def test_who_failed_is_named_with_the_rule(votes):
    text = section(votes)
    assert "who gets more than 1 of 5 attention trials wrong is left out" in text
    assert "Left out: `r013` (2 of 5 wrong), `r014` (2 of 5 wrong)." in text
    everybody = Votes(votes.answers, votes.facts.model_copy(update={"allowed_wrong": 4}))
    assert "is left out. Nobody was left out." in section(everybody)


def test_who_took_answers_back_is_counted(votes):
    gone = Votes(votes.answers, votes.facts.model_copy(update={"withdrawn": 2}))
    assert "2 persons took the answers back" in section(gone) and "took the answers" not in section(votes)


def test_the_ranking_is_in_order(votes):
    found = rows(section(votes), "method | strength")
    assert [row[0] for row in found] == ["Barbershop", "Baseline", "Poisson"]
    assert found[0][2] == "1" and found[2][2] == "3"


def test_the_figure_of_the_ranking_shows_the_numbers_of_the_table(votes, monkeypatch):
    assert "](figures/strengths.png)" in section(votes)
    assert strengths_figure(votes, METHODS, 0.95).startswith(b"\x89PNG")
    drawn = []
    monkeypatch.setattr(module, "with_intervals", lambda *given: drawn.append(given) or b"")
    strengths_figure(votes, METHODS, 0.95)
    ((values, *_),) = drawn
    shown = {method_name(method): number(*of_method) for method, of_method in values.items()}
    assert shown == {row[0]: row[1] for row in rows(section(votes), "method | strength")}


def test_a_ranking_that_is_none_has_a_figure_that_says_so(votes):
    none = Votes(votes.answers.iloc[:0], votes.facts)
    assert strengths_figure(none, METHODS, 0.95).startswith(b"\x89PNG") and "strengths.png" not in section(none)


def test_a_method_that_always_wins_is_said(votes):
    of_best = (votes.answers["left"] == "barbershop") != (votes.answers["right"] == "barbershop")
    side = np.where(votes.answers["left"] == "barbershop", "left", "right")
    always = votes.answers.assign(choice=votes.answers["choice"].mask(of_best, side))
    text = section(Votes(always, votes.facts))
    assert "There is no ranking: Barbershop was never beaten by the rest" in text


def test_metrics_that_predict_come_first(votes):
    found = rows(section(votes), "metric")
    assert [row[0] for row in found] == ["good", "bad"]
    assert float(found[0][3].partition("%")[0]) > 60 and found[0][1] == "20"


def test_other_pictures_than_the_runs_are_named_and_predict_nothing(votes):
    changed = [RECORDS[0], RECORDS[1], RECORDS[2] | {"files": {}}]
    text = section(votes, changed)
    assert "20 pictures that people saw are not this run's: pair-0000 by Poisson" in text
    fewer = rows(text, "metric")[0][2]
    assert int(fewer) < int(rows(section(votes), "metric")[0][2])
    assert "Not measured: it needs 3 pairs" in section(votes, [])


def test_strata_hold_all_answers(votes):
    text = section(votes)
    found = rows(text, "kind")
    assert [row[1] for row in found] == ["easy", "medium", "hard", "unknown"]
    cells = [row[3].partition("<br>")[0].split(" : ") for row in found]
    (whole,) = (row for row in rows(text, "method | against | chosen | share [95%] | pairs") if row[1] == "Baseline")
    assert [sum(int(cell[k]) for cell in cells) for k in (0, 1)] == list(map(int, whole[2].split(" : ")))
    assert "By stratum" not in section(votes, known=None)


def test_what_was_not_shown_and_not_read_is_named(votes):
    text = section(votes)
    assert "pair-0099 by Poisson (copied: it is ben)" in text
    assert "1 file of answers could not be used: x.json: is no file." in text


def test_the_papers_counts_are_marked_as_published():
    text = published_table(0.95)
    assert text.startswith("Published, and not measured here")
    assert rows(text, "method") == [
        ["Barbershop", "LOHO", "378 : 18", "95.5% [92.9%,\u00a097.3%]"],
        ["Barbershop", "MichiGAN", "381 : 14", "96.5% [94.1%,\u00a098.0%]"],
    ]


def test_few_pairs_and_no_answers_are_said():
    few = simulated_votes(np.random.default_rng(1), TRUE, METHODS, raters=4, pairs=3, composites=SHOWN)
    assert "Fewer than 12 pairs are compared" in section(few)
    assert "With fewer than 12 persons or pairs they may be too narrow" in section(few)
    nobody = Votes(few.answers[few.answers["kind"] != "comparison"], few.facts)
    assert "No answer counts" in section(nobody)


def test_words_of_ones_own_are_text(votes):
    of_user = facts(METHODS, question="<script>alert(1)</script> | *x*", composites=SHOWN)
    text = section(Votes(votes.answers, of_user))
    assert "<script>" not in text and "| *x*" not in text
    assert b"<script>alert" not in page(f"# T\n\n{text}", {})


def test_digests_are_those_of_the_records():
    assert composite_digests(RECORDS) == SHOWN
    assert composite_digests([{"stage": "faces", "items": [], "files": {"data/faces/a.png": "1"}}]) == {}
