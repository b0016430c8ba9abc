"""The answers in SQLite. What `answer` has returned is on the disk: no kill and no power cut loses it."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from stages.errors import UserError
from stages.statistics.votes import COMPARISON, Kind, Side
from stages.voting.plan import Shown, Trial

FORMAT = "1"
ACTIVE = 3600.0  # seconds: what was asked of a person who has been away for longer, and is not answered, is free again
SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS persons (
    code TEXT PRIMARY KEY, rater TEXT NOT NULL UNIQUE, began REAL NOT NULL, seen REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS trials (
    code TEXT NOT NULL REFERENCES persons, number INTEGER NOT NULL, kind TEXT NOT NULL, comparison INTEGER NOT NULL,
    pair INTEGER NOT NULL, left_method TEXT NOT NULL, left_picture TEXT NOT NULL, right_method TEXT NOT NULL,
    right_picture TEXT NOT NULL, expected TEXT NOT NULL, PRIMARY KEY (code, number)
) STRICT;
CREATE TABLE IF NOT EXISTS answers (
    code TEXT NOT NULL, number INTEGER NOT NULL, choice TEXT NOT NULL CHECK (choice IN ('left', 'right')),
    ms INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (code, number),
    FOREIGN KEY (code, number) REFERENCES trials
) STRICT;
"""


class Person(NamedTuple):
    """A person: the code by which the answers are known, the trials, and how many of them are answered."""

    rater: str
    trials: list[Trial]
    done: int


class Answer(NamedTuple):
    """A stored answer; `number`: the trial's place, from 0; `at` in seconds since 1970."""

    rater: str
    number: int
    trial: Trial
    choice: Side
    ms: int
    at: float


class Store:
    """The persons, trials and answers of one study; may be used by several threads."""

    def __init__(self, path: Path, digest: str, clock: Callable[[], float] = time.time) -> None:
        """Open the store, or make it.

        Raises:
            UserError: the file is no such store, or is that of another study.
        """
        self.path, self.clock, self.lock = path, clock, threading.Lock()
        try:
            self.connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self.connection.execute("PRAGMA fullfsync = ON")  # on macOS fsync alone leaves it to the disk
            self.connection.execute("PRAGMA foreign_keys = ON")
            self.connection.executescript(SCHEMA)
            with self._change():
                for name, value in (("format", FORMAT), ("study", digest)):
                    self.connection.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
            known = dict(self.connection.execute("SELECT name, value FROM facts"))
        except sqlite3.Error as error:
            raise UserError(
                f"{path}: cannot be used ({error}); it holds votes, so keep a copy before you mend it"
            ) from error
        if known != {"format": FORMAT, "study": digest}:
            raise UserError(f"{path}: holds the votes of another study; put each study into a folder of its own")

    @contextmanager
    def _change(self) -> Iterator[None]:
        """A transaction: all of it is on the disk at the end, or nothing is."""
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self.lock:
            return self.connection.execute(query, values).fetchall()

    def begin(self, comparisons: int, draw: Callable[[str, np.ndarray], list[Trial]]) -> str:
        """A new person, with trials drawn by `draw(code, how often each comparison is asked)`; returns the code."""
        code, now = secrets.token_urlsafe(12), self.clock()
        with self._change():
            asked = np.zeros(comparisons, dtype=int)
            for comparison, count in self.connection.execute(
                "SELECT comparison, COUNT(*) FROM trials JOIN persons USING (code)"
                " LEFT JOIN answers USING (code, number)"
                " WHERE kind = ? AND (choice IS NOT NULL OR seen > ?) GROUP BY comparison",
                (COMPARISON, now - ACTIVE),
            ):
                asked[comparison] = count
            trials = draw(code, asked)
            rater = f"p{secrets.token_hex(5)}"
            self.connection.execute("INSERT INTO persons VALUES (?, ?, ?, ?)", (code, rater, now, now))
            self.connection.executemany(
                "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(code, k, t.kind, t.comparison, t.pair, *t.left, *t.right, t.expected) for k, t in enumerate(trials)],
            )
        return code

    def person(self, code: str) -> Person | None:
        """A person by the code of the link, or None."""
        found = self._rows("SELECT rater FROM persons WHERE code = ?", (code,))
        if not found:
            return None
        rows = self._rows(f"SELECT {TRIAL} FROM trials WHERE code = ? ORDER BY number", (code,))
        done = self._rows("SELECT COUNT(*) FROM answers WHERE code = ?", (code,))
        return Person(str(found[0][0]), [_trial(row) for row in rows], cast("int", done[0][0]))

    def answer(self, code: str, number: int, choice: Side, ms: int) -> bool:
        """Store an answer; when this returns, it is on the disk.

        The first answer to a trial stays, whatever comes later. Trials are answered in their order, none is skipped.

        Returns:
            Whether the trial has an answer now: False for one that is not yet this person's turn.
        """
        now = self.clock()
        with self._change():
            (done,) = self.connection.execute("SELECT COUNT(*) FROM answers WHERE code = ?", (code,)).fetchone()
            (asked,) = self.connection.execute("SELECT COUNT(*) FROM trials WHERE code = ?", (code,)).fetchone()
            if number == done < asked:
                self.connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", (code, number, choice, ms, now))
                self.connection.execute("UPDATE persons SET seen = ? WHERE code = ?", (now, code))
        return bool(number < asked and number <= done)

    def answers(self) -> list[Answer]:
        """All answers, by person and number."""
        rows = self._rows(
            f"SELECT rater, number, choice, ms, at, {TRIAL} FROM answers JOIN trials USING (code, number)"
            " JOIN persons USING (code) ORDER BY rater, number"
        )
        return [
            Answer(
                str(rater),
                cast("int", number),
                _trial(trial),
                cast("Side", choice),
                cast("int", ms),
                cast("float", at),
            )
            for rater, number, choice, ms, at, *trial in rows
        ]

    def persons(self) -> int:
        """How many persons began."""
        return cast("int", self._rows("SELECT COUNT(*) FROM persons")[0][0])

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()


TRIAL = "kind, comparison, pair, left_method, left_picture, right_method, right_picture, expected"


def _trial(row: Sequence[object]) -> Trial:
    kind, comparison, pair, *sides, expected = row
    left_method, left_picture, right_method, right_picture = map(str, sides)
    left, right = Shown(left_method, left_picture), Shown(right_method, right_picture)
    return Trial(cast("Kind", kind), cast("int", comparison), cast("int", pair), left, right, str(expected))
