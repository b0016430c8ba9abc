"""What lies in a folder of images: what is read, what is left out, and what stops. No torch here."""

import os
import unicodedata
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError
from stages.settings.problems import safe

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
HEIC_SUFFIXES = (".heic", ".heif")  # read where pillow-heif is installed
OTHER_SUFFIXES = (
    ".avif", ".bmp", ".cr2", ".cr3", ".arw", ".dng", ".gif", ".jfif", ".jp2", ".jxl", ".nef", ".orf", ".psd", ".raf",
    ".raw", ".rw2", ".svg", ".tif", ".tiff",
)  # fmt: skip
LINE_BREAKERS = ("Cc", "Cs", "Zl", "Zp")  # categories of characters that no list of files can hold


class Listing(NamedTuple):
    """A folder's files: images by their path, what is left out with the reason, what must be mended with the reason."""

    images: list[Path]
    left_out: list[tuple[Path, str]]
    problems: list[tuple[Path, str]]


def reads_heic() -> bool:
    """Whether photos in Apple's format can be read here."""
    return find_spec("pillow_heif") is not None


def list_images(folder: Path, hint: str, deep: bool = False) -> Listing:
    """All files of a folder, sorted; with `deep` those of its sub-folders too. Hidden ones do not count.

    Raises:
        UserError: there is no such folder (`hint` says what names it), or its name cannot be used.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.is_file() else "no such folder"
        raise UserError(f"{safe(folder)}: {what}; {hint}")
    if reason := _unwritable(str(folder)):
        raise UserError(f"{safe(folder)}: {reason}")
    listing = Listing([], [], [])
    for path in sorted(_walk(folder, deep, listing)):
        if reason := _left_out(path):
            listing.left_out.append((path, reason))
        elif reason := _unusable(path, folder):
            listing.problems.append((path, reason))
        else:
            listing.images.append(path)
    return listing


def _walk(folder: Path, deep: bool, listing: Listing) -> Iterator[Path]:
    """The files; folders that are not entered are added to the listing."""

    def unreadable(error: OSError) -> None:
        listing.problems.append((Path(error.filename), "is a folder that cannot be read; allow it, or move it away"))

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        entered = []
        for name in sorted(name for name in folders if not name.startswith(".")):
            path = Path(parent, name)
            if not deep:
                listing.left_out.append((path, "is a sub-folder"))
            elif not path.is_symlink():
                entered.append(name)
            elif path.resolve().is_relative_to(folder.resolve()):
                listing.left_out.append((path, "is a link to a folder in here"))
            else:
                listing.problems.append((path, "is a link that leads out of the folder; copy the photos there"))
        folders[:] = entered
        yield from (Path(parent, name) for name in files if not name.startswith("."))


def _left_out(path: Path) -> str | None:
    """Why a file is no image at all, or None."""
    suffix = path.suffix.lower()
    return None if suffix in (*IMAGE_SUFFIXES, *HEIC_SUFFIXES, *OTHER_SUFFIXES) else "is no image by its name"


def _unwritable(path: str) -> str | None:
    """Why a path cannot stand in lists of files and in Snakemake's rules, and what to do; or None."""
    if any(unicodedata.category(c) in LINE_BREAKERS for c in path):
        return "its name has a line break or another character that is no text; rename it"
    if set("{}") & set(path):
        return "has a brace, { or }, in its name, which Snakemake takes for a placeholder; rename it"
    return None


def _unusable(path: Path, folder: Path) -> str | None:
    """Why an image cannot be used, and what to do; or None."""
    suffix = path.suffix.lower()
    if suffix in OTHER_SUFFIXES:
        return f"{suffix} is not read; convert it to .png or .jpg, or remove it"
    if suffix in HEIC_SUFFIXES and not reads_heic():
        return f"{suffix} is read with pillow-heif only: type `pip install pillow-heif`, or convert it to .jpg"
    if reason := _unwritable(str(path.relative_to(folder))):
        return reason
    if not path.resolve().is_relative_to(folder.resolve()):
        return "is a link that leads out of the folder; copy the image there"
    if not path.is_file() or not os.access(path, os.R_OK):
        return "is no file that can be read; remove it"
    return None
