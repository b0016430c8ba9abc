"""What every stage's command says of a file that is none: one line, and no traceback."""

import pytest
from support import run_module


def folder_of_the_log(log):
    log.mkdir(parents=True)


def file_for_a_folder(log):
    log.parent.write_text("a file")


def link_to_itself(log):
    log.parent.mkdir()
    log.symlink_to(log.name)


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (folder_of_the_log, "a file belongs there, move the folder away"),
        (file_for_a_folder, "a folder belongs there, move the file away"),
        (link_to_itself, "remove the link, which leads to itself"),
    ],
)
def test_a_log_that_cannot_be_written(tmp_path, fault, remedy):
    fault(tmp_path / "logs" / "chunks.log")
    done = run_module(tmp_path, "stages.chunks", "--log", "logs/chunks.log")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "logs" in done.stderr and remedy in done.stderr
