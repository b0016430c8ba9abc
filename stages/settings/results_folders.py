"""Folders of another system's images, each named after a pair or a face. No torch here."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stages.errors import UserError
from stages.settings.image_files import list_images
from stages.settings.problems import refusal, safe, some


class Results(NamedTuple):
    """What a folder holds: images by the name they are for, names without one, what is left out with the reason."""

    files: dict[str, Path]
    missing: list[str]
    left_out: list[tuple[Path, str]]


def look_through(folder: Path, names: Iterable[str], what: str = "pair", part: bool = False) -> Results:
    """Find another system's images by the pair (or `what`) that each is named after; capitals do not matter.

    `part`: the names are some of many, so none of the images need be named after one.

    Raises:
        UserError: there is no such folder, no image in it is named after one (unless they are a `part`), several are
            named after the same, or one that is cannot be used. It names each.
    """
    listing = list_images(folder, f"methods names a folder of images, each named after a {what}")
    wanted = list(names)
    by_fold: dict[str, list[str]] = {}
    for each in wanted:
        by_fold.setdefault(each.casefold(), []).append(each)

    def meant(path: Path) -> str | None:
        """The name that a file is for; two names that differ in capitals only need the exact one."""
        like = by_fold.get(path.stem.casefold(), [])
        return path.stem if path.stem in like else like[0] if len(like) == 1 else None

    problems = [f"{safe(path)}: {reason}" for path, reason in listing.problems if meant(path) is not None]
    left_out = [*listing.left_out, *((path, why) for path, why in listing.problems if meant(path) is None)]
    files: dict[str, Path] = {}
    for path in listing.images:
        name = meant(path)
        if name is None:
            left_out.append((path, f"is named after no {what}"))
        elif name in files:
            problems.append(f"{safe(path)}: has the same name as {safe(files[name].name)}; remove one of them")
        else:
            files[name] = path
    if problems:
        raise refusal(f"{safe(folder)}: {len(problems)} images cannot be used", problems)
    if not files and not part:
        inside = [path.name for path, reason in listing.left_out if reason == "is a sub-folder"]
        raise UserError(
            f"{safe(folder)}: none of its {len(listing.images)} images is named after a {what}; "
            + f"name them {wanted[0]}.png and so on"
            + (f"; the sub-folders are not looked into: {some(inside)}" if inside else "")
        )
    return Results(files, [name for name in wanted if name not in files], sorted(left_out))


def result_files(folder: Path, names: Iterable[str], what: str = "pair", part: bool = False) -> dict[str, Path]:
    """Another system's images by the pair (or `what`) that each is named after; all as `look_through`."""
    return look_through(folder, names, what, part).files
