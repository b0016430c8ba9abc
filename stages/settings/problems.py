"""Several mistakes at once, and names in messages. No torch here."""

import difflib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from stages.errors import UserError

MOST = 40  # problems that a message lists
NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"  # of an item, in images.csv and pairs.csv
NAME_RULE = (
    "may have the letters A to Z, digits, dots, _ and -, begins with a letter or digit, has 100 characters at most"
)


def refusal(header: str, problems: Sequence[str]) -> UserError:
    """All problems in one error: a single one is its line; several are a line each below the header."""
    if len(problems) == 1:
        return UserError(problems[0])
    more = [f"  … and {len(problems) - MOST} more"] if len(problems) > MOST else []
    return UserError("\n".join([f"{header}:", *(f"  {problem}" for problem in problems[:MOST]), *more]))


def safe(name: str | Path) -> str:
    """A name or path in a message of one line, whatever it is made of."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace") if isinstance(name, Path) else name
    plain = all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in text)
    return text if plain else ascii(text)[1:-1]


def check_unused(folder: Path) -> None:
    """Raises UserError if something is in a folder that is to be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{safe(folder)}: is there already and not empty; remove it, or name another folder")


def quoted(name: str) -> str:
    """A cell or name in a message, cut if it is long."""
    return "'" + safe(name if len(name) <= 60 else f"{name[:60]}…") + "'"


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean x` with the most similar of the known names, or nothing."""
    by_fold = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, 1, 0.6)
    return f"; did you mean {safe(by_fold[found[0]])}" if found else ""


def some(names: Iterable[str], most: int = 6) -> str:
    """Some of the names, and how many there are beside them."""
    listed = sorted(names)
    return ", ".join(map(safe, listed[:most])) + (f" and {len(listed) - most} more" if len(listed) > most else "")
