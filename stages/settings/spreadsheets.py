"""Tables as spreadsheet programs write them: read, or one line that says what to do. No torch, no openpyxl up here."""

import codecs
import csv
import io
import logging
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError
from stages.settings.problems import nearest, quoted, refusal, safe

log = logging.getLogger("stages")

SEPARATORS = (",", ";", "\t", "|")
COMMENTS = ("comment", "comments", "note", "notes", "remark", "remarks")  # columns that are not read; and #…
WORKBOOKS = (".xlsx", ".xlsm")
FOREIGN = (".xls", ".ods", ".numbers", ".gsheet", ".pages", ".doc", ".docx", ".pdf")
LARGEST = 50_000_000  # bytes of a table


class Row(NamedTuple):
    """A row of a table: its number, as a spreadsheet shows it, and its cells that are not empty by column."""

    number: int
    cells: dict[str, str]


def read_table(
    path: Path, columns: Collection[str], required: Collection[str], others: Mapping[str, bool] | None = None
) -> tuple[list[Row], list[str]]:
    """Read a table of text: CSV with any usual separator and encoding, or the first sheet of an Excel workbook.

    Capitals and spaces in the names of columns do not matter. Columns for comments, empty columns and empty rows are
    left out.

    Args:
        path: the table.
        columns: the columns that there may be.
        required: those that there must be.
        others: columns of another project's tables, which may be there as well, and whether each must be there if
            one is. `required` does not count then.

    Returns:
        The rows, and a text for every row that has more or fewer cells than there are columns.

    Raises:
        UserError: it cannot be read, a column is unknown, missing, or there twice.
    """
    others = others or {}
    raw = _grid(path, [*columns, *others])
    while raw and not any(raw[0][1]):
        raw = raw[1:]
    if not raw:
        raise UserError(f"{safe(path)}: is empty; its first row must have the columns {', '.join(required)}")
    (first, header), *rows = raw
    names = _header(path, first, header, [cells for _, cells in rows], columns, required, others)
    read = max(k for k, name in enumerate(names, 1) if name is not None)
    found, problems = [], []
    for number, cells in rows:
        if not any(cells):
            continue
        if len(cells) < read or any(cells[len(names) :]):
            many = max(k for k, cell in enumerate(cells, 1) if cell) if len(cells) > len(names) else len(cells)
            problems.append(f"row {number}: has {many} cells, but there are {len(names)} columns")
            continue
        named = zip(names, cells, strict=False)
        found.append(Row(number, {name: cell for name, cell in named if name is not None and cell}))
    return found, problems


def _grid(path: Path, columns: Collection[str]) -> list[tuple[int, list[str]]]:
    """All rows as they are, with their numbers."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{safe(path)}: is far too large for a table; is it the right file?")
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{safe(path)}: cannot be read: there is no such file") from None
    except (OSError, ValueError):
        raise UserError(f"{safe(path)}: cannot be read; it must be a CSV file, or an Excel workbook (.xlsx)") from None
    if content.startswith(b"PK") and path.suffix.lower() not in FOREIGN:
        return _workbook(path, content)
    if path.suffix.lower() in (*WORKBOOKS, *FOREIGN) or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"{safe(path)}: is no table that can be read; save it as .csv or .xlsx")
    return _text_rows(path, _decoded(path, content), columns)


def _workbook(path: Path, content: bytes) -> list[tuple[int, list[str]]]:
    """The rows of a workbook's first sheet that has any."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            grid = [(k, [_cell(v) for v in row]) for k, row in enumerate(sheet.iter_rows(values_only=True), 1)]
            if any(any(cells) for _, cells in grid):
                if len(book.worksheets) > 1:
                    log.info("%s: sheet %s is read, and no other", safe(path), safe(sheet.title))
                width = max(len(cells) for _, cells in grid)
                return [(number, cells + [""] * (width - len(cells))) for number, cells in grid]
    # openpyxl raises anything at all on a workbook that somebody made up: KeyError, ParseError, BadZipFile, …
    except Exception as error:
        log.debug("%s: %r", path, error)
        reason = "is damaged" if zipfile.is_zipfile(io.BytesIO(content)) else "is cut short"
        raise UserError(f"{safe(path)}: {reason}, or no Excel workbook; save it as .xlsx or .csv again") from None
    return []


def _cell(value: object) -> str:
    """A cell of a workbook as text; 1.0 is 1, as the sheet shows it."""
    if value is None:
        return ""
    return trimmed(str(int(value) if isinstance(value, float) and value.is_integer() else value))


def trimmed(text: str) -> str:
    """A cell without the spaces around it, those that do not break a line among them."""
    return text.strip(" \t\r\n\u00a0\u2007\u202f\ufeff\u200b")


def _decoded(path: Path, content: bytes) -> str:
    """Text in the encodings that spreadsheet programs write."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encoding = next((marks[mark] for mark in marks if content.startswith(mark)), None)
    if encoding is None:
        encoding = "utf-8" if b"\0" not in content else "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    for each in (encoding, "cp1252") if encoding == "utf-8" else (encoding,):
        try:
            text = content.decode(each)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if each == "cp1252":
            log.info("%s: is not UTF-8; it is read as Windows-1252, in which Excel saves CSV", safe(path))
        return text
    raise UserError(f"{safe(path)}: cannot be read as text; save it as CSV in UTF-8, or as .xlsx")


def _text_rows(path: Path, text: str, columns: Collection[str]) -> list[tuple[int, list[str]]]:
    """The rows of a CSV text; the separator is the one that finds the most columns in the first row."""
    skipped = 0
    if told := re.match(r"sep=(.)\r?\n", text, re.IGNORECASE):  # Excel's own line about it
        separator, text, skipped = told[1], text[told.end() :], 1
    else:
        first = next((line for line in text.splitlines() if line.strip()), "")

        def known(separator: str) -> tuple[int, int]:
            names = [column_name(name) for name in first.split(separator)]
            return sum(name in columns for name in names), len(names)

        separator = max(SEPARATORS, key=known)
    rows, reader = [], csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            rows.append((begins + skipped, [trimmed(cell) for cell in cells]))
            begins = reader.line_num + 1
    except csv.Error:
        raise UserError(
            f'{safe(path)}, row {begins + skipped}: a cell has a quote (") that does not end, or text behind it; '
            "remove the quotes"
        ) from None
    return rows


def column_name(name: str) -> str:
    """A column's name as it is compared: `Hair Appearance` is `hair_appearance`."""
    return re.sub(r"[\s_-]+", "_", trimmed(name.replace('"', "")).casefold())


def _header(
    path: Path, row: int, header: list[str], rows: list[list[str]], columns: Collection[str], required: Collection[str],
    others: Mapping[str, bool],
) -> list[str | None]:  # fmt: skip
    """The columns' names, None for one that is not read; those at the end without a name are dropped."""
    while header and not header[-1]:
        header = header[:-1]
    known = {*columns, *others}
    if not any((name := column_name(text)) in known or nearest(name, known) for text in header):
        raise UserError(
            f"{safe(path)}, row {row}: names no column that is known; the first row must have the columns "
            f"{', '.join(required)}, and any of {', '.join(name for name in columns if name not in required)}"
        )
    names: list[str | None] = []
    problems = []
    for number, text in enumerate(header, 1):
        name = column_name(text)
        if name in COMMENTS or name.startswith("#"):
            names.append(None)
        elif not name:
            if any(cells[number - 1] for cells in rows if len(cells) >= number):
                problems.append(f"column {number} has no name, but cells; name it comment, or remove it")
            names.append(None)
        elif name not in columns and name not in others:
            problems.append(
                f"there is no column {quoted(trimmed(text))}{nearest(name, columns)}; the columns are "
                f"{', '.join(columns)}, and comment, which is not read"
            )
        elif name in names:
            problems.append(f"two columns have the same name, {name}; remove one of them")
        else:
            names.append(name)
    if any(name in others for name in names):
        required = [name for name, must in others.items() if must]
    if not problems and (missing := [name for name in required if name not in names]):
        problems.append(f"has no column {' and no column '.join(missing)}; the first row must name the columns")
    if problems:
        raise refusal(
            f"{safe(path)}: {len(problems)} columns are wrong",
            [f"{safe(path)}, row {row}: {p}" for p in problems],
        )
    return names


def csv_bytes(header: list[str], rows: Iterable[Iterable[str]]) -> bytes:
    """A CSV file's content."""
    lines: list[str] = []

    class _Lines:
        write = staticmethod(lines.append)

    writer = csv.writer(_Lines, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return "".join(lines).encode()
