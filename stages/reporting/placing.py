"""Where the report goes: all of its files at once, after all are made. One that fails leaves the last good one there.

Snakemake (`update` in workflow/rules/report.smk) and DVC (`persist`) leave these files for the next run to replace. The
record is the exception. It goes before a run begins and comes back last. So both see that a report without a record has
to be made again, and the report that still lies there is marked.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from stages.engine.stage_records import write_record
from stages.formats.files import write_atomic

RECORD = "record.json"
STALE = "STALE.txt"
FOLDERS = ("figures", "plots")  # whose other files are those of a run with other methods or protocols


def begin(out: Path, log: Path | None = None) -> None:
    """Mark the report in the folder, if there is one, as that of an earlier run, until `place` puts another there."""
    (out / RECORD).unlink(missing_ok=True)
    if (out / "report.md").is_file():
        began = datetime.now().astimezone().isoformat(" ", "seconds")
        why = f" {log} says why." if log else ""
        text = (
            f"The report in this folder is of an earlier run.\n"
            f"A new report was begun at {began} and was not finished.{why}\n"
            "Correct what failed and run again. The next report removes this file.\n"
        )
        write_atomic(out / STALE, text.encode())


def place(out: Path, files: Mapping[str, bytes], **facts: object) -> None:
    """Write all files of the report, by their paths in the folder, then the record of them with some facts."""
    for name, content in files.items():
        write_atomic(out / name, content)
    for folder in FOLDERS:
        for path in sorted((out / folder).glob("*")):
            if path.is_file() and f"{folder}/{path.name}" not in files:
                path.unlink()
    write_record(out / RECORD, "report", [out / name for name in files], **facts)
    (out / STALE).unlink(missing_ok=True)
