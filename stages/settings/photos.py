"""Faces: their names, whatever the photos are called, and where each comes from. No torch here."""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path, PurePath

from anyascii import anyascii

from stages.errors import UserError
from stages.params.faces_to_targets import FacesParams, PairsParams
from stages.settings.image_files import IMAGE_SUFFIXES, Listing, list_images
from stages.settings.problems import NAME, refusal, safe

log = logging.getLogger("stages")

SAMPLE = "astronaut"
DRAWN, SAMPLED = "drawn", "sample"  # what images.csv calls the source of a face that is no photo of the user's
LONGEST = 100  # characters of an item's name
DIGEST = 8  # characters that make a mended name unique
TOLD = 20  # files left out that the log names


def item_name(photo: PurePath | str) -> str:
    """The name of a photo's item, from its path in the folder of photos and nothing else.

    That is the file's own name where it may be an item's (`problems.NAME_RULE`). Else it is written in Latin letters,
    and a digest of the path makes it unique: so another photo in the folder never renames it. A path is taken in
    Unicode's composed form, as macOS decomposes accents and Linux does not.
    """
    path = PurePath(unicodedata.normalize("NFC", str(photo)))
    if len(path.parts) == 1 and re.fullmatch(NAME, path.stem):
        return path.stem
    digest = hashlib.sha256(path.as_posix().encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]
    latin = anyascii("-".join(path.with_suffix("").parts)) if path.name else ""
    plain = re.sub("[-_.]*-[-_.]*", "-", re.sub("[^A-Za-z0-9._-]+", "-", latin))
    plain = plain[: LONGEST - DIGEST - 1].strip("._-") or "photo"
    return f"{plain}-{digest}"


def _photos_in(folder: Path) -> Listing:
    return list_images(folder, "faces.photos names the folder of photos", deep=True)


def photo_files(folder: Path, taken: Collection[str] = ()) -> dict[str, Path]:
    """Photos of a folder and its sub-folders by the name that their item gets; the log says what is left out.

    Args:
        folder: the folder.
        taken: names that other faces have.

    Raises:
        UserError: there are none, or some cannot be used; it names each with the reason.
    """
    listing = _photos_in(folder)
    files: dict[str, Path] = {}
    others = {name.casefold() for name in taken}
    first: dict[str, Path] = {}  # by name without capitals, which a disk of macOS does not tell apart
    problems = [f"{safe(path)}: {reason}" for path, reason in listing.problems]
    for path in listing.images:
        name = item_name(path.relative_to(folder))
        if other := first.get(name.casefold()):
            but = "what comes after the dot" if name in files else "capital letters"
            problems.append(
                f"{safe(path)}: has the same name as {safe(other.relative_to(folder))} but for {but}; rename or remove "
                "one of them"
            )
        elif name.casefold() in others:
            problems.append(f"{safe(path)}: has the name of another face; rename it")
        files.setdefault(name, path)
        first.setdefault(name.casefold(), path)
    if problems:
        raise refusal(f"{safe(folder)}: {len(problems)} files cannot be used", problems)
    if not files:
        raise UserError(f"{safe(folder)}: no {', '.join(IMAGE_SUFFIXES)} file in it; faces.photos names the folder")
    for path, reason in listing.left_out[:TOLD]:
        log.info("%s: %s; it is left out", safe(path), reason)
    if len(listing.left_out) > TOLD:
        log.info("%s: %d other files are left out", safe(folder), len(listing.left_out) - TOLD)
    return files


def drawn_names(count: int) -> list[str]:
    """Names of the drawn faces."""
    return [f"drawn-{index:04d}" for index in range(int(count))]  # 4.0 is an integer to JSON schema


def drawn_index(name: str) -> int:
    """Which of the drawn faces has a name."""
    return int(name.removeprefix("drawn-"))


def sample_photo() -> Path:
    """NASA's portrait of the astronaut Eileen Collins, in the public domain, as scikit-image brings it."""
    spec = find_spec("skimage")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], "data", f"{SAMPLE}.png")


def face_sources(params: FacesParams) -> dict[str, Path | None]:
    """Names of all faces with the photo of each, None for a drawn one; errors as `photo_files`."""
    sources: dict[str, Path | None] = {}
    if "drawn" in params["source"]:
        sources |= dict.fromkeys(drawn_names(params["drawn"]["count"]))
    if "sample" in params["source"]:
        sources[SAMPLE] = sample_photo()
    if "photos" in params["source"]:
        assert params["photos"] is not None, "check_section refuses that"
        sources |= photo_files(Path(params["photos"]), sources)
    return sources


def origin(photo: Path | None) -> str:
    """What images.csv calls the source of a face, the same on every machine."""
    return DRAWN if photo is None else SAMPLED if photo == sample_photo() else str(photo)


def check_can_pair(faces: Collection[str], params: PairsParams) -> None:
    """Check that the faces make as many pairs as section `pairs` asks for, if it names no list of them.

    Raises:
        UserError: there is only one face, or there are too few for that many pairs.
    """
    if params["file"] is not None:
        return
    number, count = len(faces), int(params["count"])
    if number < 2:
        raise UserError("there is one face only, and a pair needs two; add a photo, or more to faces.source")
    if count > (most := number * (number - 1)):
        raise UserError(f"pairs.count: {number} faces make {most} pairs, not {count}; lower it or add faces")


def original_name(image: str, source: str | Path | None) -> str:
    """What a person calls a face: its photo's file name, or the item's name if it is no photo of theirs.

    Args:
        image: name of the item.
        source: its source in images.csv, or its path.
    """
    return image if source is None or str(source) in (DRAWN, SAMPLED) else PurePath(source).name
