"""Tables as JSON lines: an object a row, its keys the columns. No torch here."""

import json
from collections.abc import Collection
from pathlib import Path

from stages.errors import UserError
from stages.settings.problems import nearest, quoted, safe
from stages.settings.spreadsheets import COMMENTS, LARGEST, Row, column_name, trimmed

SUFFIXES = (".jsonl", ".ndjson")


def read_json_lines(path: Path, columns: Collection[str], others: Collection[str]) -> tuple[list[Row], list[str]]:
    """Read a table of JSON lines in UTF-8; empty lines are left out, and a row has the number of its line.

    Capitals and spaces in keys do not matter, and those of comments are not read, as in spreadsheets. A whole number
    counts as text; null is an empty cell.

    Args:
        path: the file.
        columns: the keys that there may be.
        others: those of another project's tables, which may be there as well.

    Returns:
        The rows, and a text for every row that is wrong.

    Raises:
        UserError: it cannot be read, or has no row.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{safe(path)}: is far too large for a table; is it the right file?")
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UserError(f"{safe(path)}: cannot be read: there is no such file") from None
    except (OSError, ValueError):
        raise UserError(f"{safe(path)}: cannot be read as text; save it as JSON lines in UTF-8") from None
    rows, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(Row(number, _cells(line, columns, others)))
        except ValueError as error:
            problems.append(f"row {number}: {error}")
    if not rows and not problems:
        raise UserError(f"{safe(path)}: is empty; each line must be a JSON object, a pair")
    return rows, problems


def _cells(line: str, columns: Collection[str], others: Collection[str]) -> dict[str, str]:
    """The cells of a row by column; raises ValueError that says what is wrong."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("is no JSON object; each line must be one, a pair")
    cells: dict[str, str] = {}
    for key, value in found.items():
        name = column_name(key)
        if name in COMMENTS or name.startswith("#"):
            continue
        if name not in columns and name not in others:
            known = ", ".join(columns)
            raise ValueError(f"there is no column {quoted(key)}{nearest(name, columns)}; the columns are {known}")
        if name in cells:
            raise ValueError(f"two keys have the same name, {name}; remove one of them")
        if name in columns and (isinstance(value, bool) or not isinstance(value, str | int | None)):
            raise ValueError(f"{name}: is no name; write it in quotes")
        if value is not None and (text := trimmed(str(value))):
            cells[name] = text
    return cells
