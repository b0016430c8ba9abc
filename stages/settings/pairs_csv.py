"""Lists of pairs: a user's, from a spreadsheet and with the names of photos, and ours in data/pairs.csv. No torch."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath

from stages.errors import UserError
from stages.formats.canonical import canonical
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import APPEARANCE, Pair
from stages.settings.json_lines import SUFFIXES, read_json_lines
from stages.settings.photos import item_name
from stages.settings.problems import NAME, NAME_RULE, nearest, quoted, refusal, safe, some
from stages.settings.spreadsheets import Row, read_table

Sources = Mapping[str, Path | str | None]


class Images:
    """The images that a list of pairs may name: by the item's name, or by the photo's file name or path."""

    def __init__(self, images: Iterable[str] | Sources) -> None:
        """`images`: names of all items; as a mapping, with the photo of each, its source in images.csv, or None."""
        sources: Sources = images if isinstance(images, Mapping) else dict.fromkeys(images)
        self.sources = sources
        self.exact: dict[str, set[str]] = {}
        self.folded: dict[str, set[str]] = {}
        for item, source in sources.items():
            for alias in {f"{item}.png", item, *_aliases(source)}:
                self.exact.setdefault(alias, set()).add(item)
                self.folded.setdefault(alias.casefold(), set()).add(item)

    def item(self, written: str) -> str:
        """The name of the item that a cell means.

        Raises:
            ValueError: there is none, or there are several; says so in words.
        """
        if written in self.sources:
            return written
        text = unicodedata.normalize("NFC", written.replace("\\", "/").removeprefix("./"))
        meant = self.exact.get(text) or self.folded.get(text.casefold()) or set()
        if len(meant) == 1:
            return next(iter(meant))
        if meant:
            raise ValueError(
                f"{quoted(written)} may be {' or '.join(sorted(map(self._described, meant)))}; write one of these names"
            )
        if named := [alias for alias in sorted(self.exact) if _same_number(alias, text)]:
            raise ValueError(
                f"there is no image named {safe(written)}; did you mean {' or '.join(named)}; spreadsheets drop zeros "
                "in front: format the column as text and write the names again"
            )
        raise ValueError(
            f"there is no image named {safe(written)}{nearest(text, self.exact)}; the images are {some(self.sources)}"
        )

    def _described(self, item: str) -> str:
        source = self.sources[item]
        return item if source is None else f"{item} ({safe(str(source))})"


def _same_number(a: str, b: str) -> bool:
    """Whether two texts of digits differ in the zeros in front alone."""
    return all(text.isascii() and text.isdigit() for text in (a, b)) and a.lstrip("0") == b.lstrip("0")


def _aliases(source: Path | str | None) -> set[str]:
    """What a person may call a photo: the ends of its path, with what comes after the dot and without."""
    if source is None or str(source) in ("drawn", "sample"):
        return set()
    path = PurePath(unicodedata.normalize("NFC", str(source)))
    ends = {PurePath(*path.parts[k:]) for k in range(len(path.parts))} if path.name else set()
    return {str(end) for end in ends} | {str(end)[: -len(end.suffix) or None] for end in ends}


# The regions are the same in every scheme.
COLUMNS = ("pair", "identity", *CELEBAMASK_19.regions, *(f"{region}{APPEARANCE}" for region in CELEBAMASK_19.regions))

# Columns of other projects' lists and whether they must be there. HairPort's pairs.csv (arXiv:2606.12562) gives the
# face of source_id the hair of target_id, and keeps what it measured of the pose beside them.
OTHERS = {"target_id": True, "source_id": True, "lift_3d": False, "head_diff_angle": False}
OURS = {"source_id": "identity", "target_id": "hair"}


def _converted(cells: dict[str, str]) -> dict[str, str]:
    """A row of another project's list in our columns; any other row as it is.

    A pair without a name gets the one by which HairPort calls its folders, made fit for a file's name.

    Raises:
        ValueError: a column is there in both forms, or an id is missing.
    """
    if not cells.keys() & OTHERS.keys():
        return cells
    for theirs, ours in OURS.items():
        if ours in cells:
            raise ValueError(f"has {ours} and {theirs}, which say the same; leave one of them empty")
        if theirs not in cells:
            raise ValueError(f"the cell of column {theirs} is empty")
    name = f"{cells['target_id']}_to_{cells['source_id']}"
    kept = {column: text for column, text in cells.items() if column not in OTHERS}
    return {"pair": item_name(f"{name}.x")} | kept | {ours: cells[theirs] for theirs, ours in OURS.items()}


def _read_rows(path: Path) -> tuple[list[Row], list[str]]:
    if path.suffix.lower() in SUFFIXES:
        return read_json_lines(path, COLUMNS, OTHERS)
    return read_table(path, COLUMNS, ["pair", "identity"], OTHERS)


def _idle(pair: Pair) -> str | None:
    """The column of a pair that changes nothing, or None."""

    def meant(columns: dict[str, str]) -> tuple[object, object]:
        other = Pair.of(pair.pair, pair.identity, columns)
        looks = {other.images[k]: labels for k, labels in other.painted(CELEBAMASK_19).items()}
        return other.shapes(CELEBAMASK_19), looks

    columns = pair.columns
    return next((c for c in columns if meant({k: v for k, v in columns.items() if k != c}) == meant(columns)), None)


def _pair(cells: dict[str, str], images: Images | None) -> Pair:
    """The pair of a row; raises ValueError saying what is wrong with it."""
    for column in ("pair", "identity"):
        if column not in cells:
            raise ValueError(f"the cell of column {column} is empty")
    name = cells["pair"]
    if not re.fullmatch(NAME, name):
        raise ValueError(f"pair: {quoted(name)} cannot be a name: it {NAME_RULE}; call it {item_name(name + '.x')}")
    named = {}
    for column, written in cells.items():
        if column == "pair":
            continue
        if images is not None:
            named[column] = images.item(written)
        elif re.fullmatch(NAME, written):
            named[column] = written
        else:
            raise ValueError(f"{column}: {quoted(written)} cannot be an image's name: it {NAME_RULE}")
    identity = named.pop("identity")
    if not named:
        raise ValueError(f"pair {name} takes nothing from another image; name one in the column of a region")
    pair = Pair.of(name, identity, named)
    if idle := _idle(pair):
        raise ValueError(f"{idle} comes from {pair.columns[idle]} without this cell; leave it empty")
    return pair


def read_pairs(path: Path, images: Iterable[str] | Sources | None = None) -> list[Pair]:
    """Read a list of pairs, from CSV, an Excel workbook or JSON lines; the pairs have the names of items.

    It may have the columns of another project, `OTHERS`, in place of ours.

    Args:
        path: the list.
        images: what there is, if known: names of items. As a mapping, item to photo (or to its source in images.csv),
            it lets the list name photos as their files are called.

    Raises:
        UserError: the file cannot be read, or rows are malformed, duplicates, or name a missing image; names each row.
    """
    known = None if images is None else Images(images)
    rows, bad = _read_rows(path)
    problems = [f"{safe(path)}, {text}" for text in bad]
    pairs: list[Pair] = []
    names: dict[str, int] = {}  # without capitals, which a disk of macOS does not tell apart
    contents: dict[str, int] = {}
    remedies = {"name": "rename one of them; capital letters do not count", "pair": "remove one of them"}
    for number, cells in rows:
        try:
            pair = _pair(_converted(cells), known)
        except ValueError as error:
            problems.append(f"{safe(path)}, row {number}: {error}")
            continue
        content = canonical([pair.identity, pair.columns])
        for what, seen, key in (("name", names, pair.pair.casefold()), ("pair", contents, content)):
            if key in seen:
                problems.append(f"{safe(path)}, row {number}: the same {what} as in row {seen[key]}; {remedies[what]}")
                break
            seen[key] = number
        pairs.append(pair)
    if problems:
        raise refusal(f"{safe(path)}: {len(problems)} rows are wrong", problems)
    if not pairs:
        raise UserError(f"{safe(path)}: lists no pair; add a row, or set pairs.file to null")
    return pairs
