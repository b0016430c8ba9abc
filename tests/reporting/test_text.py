"""What a report says of where it was made."""

from stages.reporting.text import commit


def test_a_machine_without_git_gets_its_report(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() == "unknown: there is no git here"
