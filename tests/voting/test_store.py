"""The store: the first answer stays, nothing is skipped, shares are even, and no other study's votes get in."""

import sqlite3
import threading
from collections import Counter

import numpy as np
import pytest

from stages.errors import UserError
from stages.statistics.votes import COMPARISON
from stages.voting.plan import trials_of
from stages.voting.store import ACTIVE, Store


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(opened, clock):
    made = Store(opened.folder / "votes.sqlite", opened.digest, clock)
    yield made
    made.close()


def begin(store, opened) -> str:
    return store.begin(len(opened.study.comparisons), lambda code, asked: trials_of(opened.study, code, asked))


def test_the_first_answer_stays(store, opened):
    code = begin(store, opened)
    assert store.answer(code, 0, "left", 900)
    assert store.answer(code, 0, "right", 100), "a second one is taken for the first, sent again"
    (answer,) = store.answers()
    assert (answer.choice, answer.ms) == ("left", 900)
    assert answer.trial == store.person(code).trials[0]


def test_no_trial_is_skipped_and_nobody_else_answers(store, opened):
    code = begin(store, opened)
    assert not store.answer(code, 1, "left", 900)
    assert not store.answer(code, 99, "left", 900)
    assert not store.answer("nobody", 0, "left", 900)
    assert store.answers() == []
    assert store.person("nobody") is None


def test_a_person_comes_back_to_the_same_trials(store, opened):
    code = begin(store, opened)
    before = store.person(code)
    store.answer(code, 0, "left", 900)
    store.close()
    again = Store(opened.folder / "votes.sqlite", opened.digest)
    assert again.person(code) == before._replace(done=1)
    again.close()


def test_two_threads_that_answer_at_once_count_once(store, opened):
    code = begin(store, opened)
    for number in range(14):
        threads = [threading.Thread(target=store.answer, args=(code, number, side, 5)) for side in ("left", "right")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(store.answers()) == 14


def test_shares_are_even_over_persons(make_study, tmp_path):
    opened = make_study(tmp_path / "study", share=4)
    store = Store(tmp_path / "votes.sqlite", opened.digest)
    asked = Counter()
    for _ in range(18):
        asked.update(t.comparison for t in store.person(begin(store, opened)).trials if t.kind == COMPARISON)
    assert set(asked.values()) == {8}
    store.close()


def test_what_somebody_left_unanswered_is_asked_of_others(make_study, tmp_path, clock):
    opened = make_study(tmp_path / "study", share=3, practice=0, attention=0, identical=0)
    store = Store(tmp_path / "votes.sqlite", opened.digest, clock)

    def asked(code):
        return {trial.comparison for trial in store.person(code).trials}

    first, second = begin(store, opened), begin(store, opened)
    store.answer(second, 0, "left", 1)
    third = begin(store, opened)
    assert not asked(first) & asked(second) and not asked(third) & (asked(first) | asked(second))
    clock.now += ACTIVE + 1
    answered = store.person(second).trials[0].comparison
    seen = asked(begin(store, opened)) | asked(begin(store, opened))
    assert answered not in seen and len(seen) == 6
    store.close()


def test_another_studys_votes_are_refused(store, make_study, tmp_path, refused):
    other = make_study(tmp_path / "other", seed=6)
    refused("of another study", Store, store.path, other.digest)


def test_a_damaged_file_is_refused_and_left_as_it_is(opened, refused):
    path = opened.folder / "votes.sqlite"
    path.write_bytes(b"these are no votes" * 100)
    refused("holds votes, so keep a copy", Store, path, opened.digest)
    assert path.read_bytes() == b"these are no votes" * 100


def test_answers_are_on_the_disk_when_they_are_acknowledged(store):
    assert store.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_what_fails_within_a_change_leaves_nothing(store, opened):
    def broken(code: str, asked: np.ndarray):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.begin(len(opened.study.comparisons), broken)
    assert store.persons() == 0
    begin(store, opened)
    assert store.persons() == 1


def test_the_file_itself_holds_every_rule(store, opened):
    code = begin(store, opened)
    for wrong in ((code, 0, "both", 1, 1.0), (code, 999, "left", 1, 1.0), ("nobody", 0, "left", 1, 1.0)):
        with pytest.raises(sqlite3.IntegrityError):
            store.connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", wrong)
    with pytest.raises(UserError):
        Store(opened.folder, opened.digest)
