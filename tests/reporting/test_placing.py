"""Where the report goes: a run that fails leaves the last report there, marked; the next good one replaces it whole."""

import pytest

from stages.engine.stage_records import unsealed
from stages.errors import UserError
from stages.formats.files import sha256
from stages.reporting import placing

FIRST = {"report.md": b"first", "figures/a.png": b"a", "figures/examples.png": b"g", "plots/t.csv": b"t"}


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path):
    placing.begin(tmp_path / "reports")
    placing.place(tmp_path / "reports", FIRST, verdict="VALID")
    return tmp_path / "reports"


def test_the_record_has_every_file_with_its_digest(out):
    record = unsealed((out / "record.json").read_bytes())
    assert record["files"] == {str(out / name): sha256(made) for name, made in FIRST.items()}
    assert (record["stage"], record["verdict"]) == ("report", "VALID")
    assert content(out).keys() == {*FIRST, "record.json"}


def test_a_run_that_does_not_end_leaves_the_last_report_and_marks_it(out):
    placing.begin(out, out.parent / "logs" / "report.log")
    left = content(out)
    mark = left.pop("STALE.txt").decode()
    assert left == FIRST, "all that was there, without its record"
    assert "of an earlier run" in mark and "report.log says why" in mark


def test_the_next_report_replaces_it_and_takes_the_mark_away(out):
    """A figure or table that it does not have goes too."""
    placing.begin(out)
    second = {"report.md": b"second", "figures/a.png": b"b", "plots/t.csv": b"u"}
    placing.place(out, second)
    found = content(out)
    assert unsealed(found.pop("record.json"))
    assert found == second


def test_without_a_report_there_is_nothing_to_mark(tmp_path):
    placing.begin(tmp_path / "reports")
    assert content(tmp_path) == {}


def test_a_disk_that_is_full_leaves_no_record(out, monkeypatch):
    def full(path, _):
        raise UserError(f"{path}: cannot be written")

    placing.begin(out)
    monkeypatch.setattr(placing, "write_atomic", full)
    with pytest.raises(UserError):
        placing.place(out, FIRST)
    assert not (out / "record.json").exists() and (out / "STALE.txt").exists()
