"""Manifests and folders of images: checked, with errors that name the row or the file. No torch here."""

import csv
import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from stages.errors import UserError
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.settings.config import canonical, first_error, schema_of

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
OTHER_SUFFIXES = (".avif", ".bmp", ".cr2", ".dng", ".gif", ".heic", ".heif", ".jp2", ".nef", ".tif", ".tiff")
SAMPLE = "astronaut"


def _images_in(folder: Path, hint: str) -> list[Path]:
    """Image files of a folder by their suffix, sorted.

    Raises:
        UserError: there is no such folder (`hint` says what names it), or it holds an image of another format, a link
            that leads out of it, or something that is no readable file.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; {hint}")
    images = []
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if suffix in OTHER_SUFFIXES and not path.name.startswith("."):
            raise UserError(f"{_shown(path)}: {suffix} is not read; convert it to .png or .jpg, or remove it")
        if suffix not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{_shown(path)}: is a link that leads out of the folder; copy the image there")
        if not path.is_file() or not os.access(path, os.R_OK):
            raise UserError(f"{_shown(path)}: is no file that can be read; remove it")
        images.append(path)
    return images


def _shown(path: Path) -> str:
    """A path in a message of one line, whatever its name is made of."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)[1:-1]


def photo_files(folder: Path) -> dict[str, Path]:
    """Photos of a folder by the name that their item gets.

    Raises:
        UserError: there are none, two share a name, a name cannot be an item's; or as `_images_in`.
    """
    files: dict[str, Path] = {}
    for path in _images_in(folder, "faces.photos names the folder of photos"):
        if first_error(schema_of("images"), {"image": path.stem, "source": "photo"}):
            raise UserError(
                f"{_shown(path)}: its name cannot be an image's: letters, digits, dots, _ and - only; rename it"
            )
        if path.stem in files:
            raise UserError(f"{path}: has the same name as {files[path.stem].name}; rename one of them")
        files[path.stem] = path
    if not files:
        raise UserError(f"{folder}: no {', '.join(IMAGE_SUFFIXES)} file in it")
    return files


def drawn_names(count: int) -> list[str]:
    """Names of the drawn faces."""
    return [f"drawn-{index:04d}" for index in range(int(count))]  # 4.0 is an integer to JSON schema


def sample_photo() -> Path:
    """NASA's portrait of the astronaut Eileen Collins, in the public domain, as scikit-image brings it."""
    spec = find_spec("skimage")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], "data", f"{SAMPLE}.png")


def face_sources(params: dict[str, Any]) -> dict[str, Path | None]:
    """Names of all faces with the photo of each, None for a drawn one; errors as `photo_files`."""
    sources: dict[str, Path | None] = {}
    if "drawn" in params["source"]:
        sources |= dict.fromkeys(drawn_names(params["drawn"]["count"]))
    if "sample" in params["source"]:
        sources[SAMPLE] = sample_photo()
    if "photos" in params["source"]:
        photos = photo_files(Path(params["photos"]))
        if clash := sorted(photos.keys() & sources.keys()):
            raise UserError(f"{photos[clash[0]]}: has the name of another face; rename it")
        sources |= photos
    return sources


def pair_names(count: int) -> list[str]:
    """Names of the pairs that the sampler chooses; known before the pairs are."""
    return [f"pair-{index:04d}" for index in range(int(count))]


def result_files(folder: Path, names: Iterable[str], what: str = "pair") -> dict[str, Path]:
    """Another system's images in a folder, by the pair (or `what`) that each is named after; the rest is left out.

    Raises:
        UserError: there is no such folder, no image in it is named after one, or two are named after the same.
    """
    images = _images_in(folder, f"methods names a folder of images, each named after a {what}")
    wanted, files = list(names), {}
    for path in images:
        if path.stem in files:
            raise UserError(f"{path}: has the same name as {files[path.stem].name}; remove one of them")
        if path.stem in wanted:
            files[path.stem] = path
    if not files:
        raise UserError(
            f"{folder}: none of its {len(images)} images is named after a {what}; name them {wanted[0]}.png and so on"
        )
    return files


class Face(NamedTuple):
    """A row of images.csv: the name of an image and where it came from (a photo's path, `drawn` or `sample`)."""

    image: str
    source: str


def _rows(path: Path, schema: str) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); it must be a UTF-8 CSV file") from error
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or []]
        if len(set(header)) < len(header):
            raise UserError(f"{path}, row 1: two columns have the same name")
        for row in reader:
            number = reader.line_num  # not a count: blank lines are skipped
            if None in row or None in row.values():
                raise UserError(f"{path}, row {number}: has another number of columns than the header")
            filled = {key.strip(): value.strip() for key, value in row.items() if value.strip()}
            if error := first_error(schema_of(schema), filled):
                raise UserError(f"{path}, row {number}: {error}")
            yield number, filled
    except csv.Error as error:
        raise UserError(f"{path}, row {reader.line_num + 1}: {error}") from error


def read_faces(path: Path) -> list[Face]:
    """Read images.csv; raises UserError naming a bad row."""
    faces = [Face(row["image"], row["source"]) for _, row in _rows(path, "images")]
    if not faces:
        raise UserError(f"{path}: lists no image")
    return faces


def _idle(pair: Pair) -> str | None:
    """The column of a pair that changes nothing, or None."""

    def meant(columns: dict[str, str]) -> tuple[Any, Any]:
        other = Pair.of(pair.pair, pair.identity, columns)
        looks = {other.images[k]: labels for k, labels in other.painted(CELEBAMASK_19).items()}
        return other.shapes(CELEBAMASK_19), looks  # the regions are the same in every scheme

    columns = pair.columns
    return next((c for c in columns if meant({k: v for k, v in columns.items() if k != c}) == meant(columns)), None)


def read_pairs(path: Path, images: Iterable[str] | None = None) -> list[Pair]:
    """Read pairs.csv, all of whose images must be in `images` if given.

    Raises:
        UserError: naming the row that is malformed, a duplicate, or names a missing image.
    """
    known = None if images is None else set(images)
    pairs: list[Pair] = []
    names: dict[str, int] = {}
    contents: dict[str, int] = {}
    for number, row in _rows(path, "pairs"):
        pair = Pair.of(row.pop("pair"), row.pop("identity"), row)
        content = canonical([pair.identity, pair.columns])
        for what, seen, key in (("name", names, pair.pair), ("pair", contents, content)):
            if key in seen:
                raise UserError(f"{path}, row {number}: the same {what} as in row {seen[key]}; remove one of them")
            seen[key] = number
        if idle := _idle(pair):
            raise UserError(f"{path}, row {number}: {idle} is of {pair.columns[idle]} already; leave it empty")
        if missing := [image for image in pair.images if known is not None and image not in known]:
            raise UserError(
                f"{path}, row {number}: there is no image named {missing[0]}; the images are {_some(known)}"
            )
        pairs.append(pair)
    if not pairs:
        raise UserError(f"{path}: lists no pair")
    return pairs


def listed_pairs(pairs: Path, images: Path) -> dict[str, Pair]:
    """The pairs of pairs.csv by name, checked against the images of images.csv; errors as `read_pairs`."""
    return {pair.pair: pair for pair in read_pairs(pairs, [face.image for face in read_faces(images)])}


def check_hair_only(pairs: Iterable[Pair], what: str, looks: bool = False) -> None:
    """Check that every pair takes hair from one other image, and perhaps its look from a third if `looks`.

    Raises:
        UserError: naming the pair, and `what` needs it.
    """
    for pair in pairs:
        if list(pair.regions) != ["hair"] or set(pair.appearance) - ({"hair"} if looks else set()):
            raise UserError(f"{what} transfers hair only; pair {pair.pair} takes {', '.join(pair.columns)}: remove one")


def _some(names: Iterable[str] | None) -> str:
    listed = sorted(names or ())
    return ", ".join(listed[:6]) + (f" and {len(listed) - 6} more" if len(listed) > 6 else "")


def csv_bytes(header: list[str], rows: Iterable[Iterable[str]]) -> bytes:
    """A CSV file's content."""
    lines: list[str] = []

    class _Lines:
        write = staticmethod(lines.append)

    writer = csv.writer(_Lines, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return "".join(lines).encode()
