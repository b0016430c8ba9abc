"""Parameters and manifests: checked against their schemas, with errors that name the key or the row. No torch here."""

import csv
import json
import math
import os
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import yaml

from stages.errors import UserError
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
OTHER_SUFFIXES = (".avif", ".bmp", ".cr2", ".dng", ".gif", ".heic", ".heif", ".jp2", ".nef", ".tif", ".tiff")
SAMPLE = "astronaut"
SCHEMAS = Path(__file__).parent.parent / "workflow" / "schemas"


@cache
def _schema(name: str) -> dict[str, Any]:
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())


def _first_error(schema: dict[str, Any], value: Any) -> str | None:
    """The most telling violation as `key.key: what is wrong`, or None."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return _non_finite(value)
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}" if where else error.message


def _non_finite(value: Any, where: str = "") -> str | None:
    """JSON schema lets YAML's `.inf` and `.nan` pass for numbers."""
    if isinstance(value, dict):
        found = (_non_finite(item, f"{where}.{key}".strip(".")) for key, item in value.items())
        return next(filter(None, found), None)
    return f"{where}: {value} is not a finite number" if isinstance(value, float) and not math.isfinite(value) else None


def _check_faces(faces: dict[str, Any], source: str) -> None:
    if "photos" in faces["source"] and not faces["photos"]:
        raise UserError(f"{source}: faces.photos: name the folder of photos that faces.source asks for")


def check_params(params: dict[str, Any], source: str = "params.yaml") -> None:
    """Check all parameters; raises UserError naming the key."""
    if error := _first_error(_schema("params"), params):
        raise UserError(f"{source}: {error}")
    _check_faces(params["faces"], source)
    methods = params["methods"]
    for key in ("method", "against"):
        if (named := params["report"][key]) not in methods:
            raise UserError(f"{source}: report.{key}: {named} is none of the methods ({', '.join(methods)})")
    latent = [method for method, choice in methods.items() if choice.get("code") in ("w", "fs")]
    if (named := params["gallery"]["method"]) not in latent:
        raise UserError(f"{source}: gallery.method: {named} has no code w or fs; these have: {', '.join(latent)}")


def check_section(name: str, section: Any) -> None:
    """Check one section of the parameters, or `all` of them; raises UserError naming the key."""
    if name == "all":
        check_params(section, "params")
        return
    schema = _schema("params")
    if error := _first_error({**schema["properties"][name], "$defs": schema["$defs"]}, section):
        raise UserError(f"{name}: {error}")
    if name == "faces":
        _check_faces(section, "params")


def canonical(value: Any) -> str:
    """JSON in one canonical form: sorted keys, no spaces, 10.0 as 10. Equal parameters have equal texts."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


SCHEME_NAMES = {"bisenet19": "celebamask-19", "bisenet16": "celebamask-16"}


def used_networks(networks: dict[str, Any]) -> list[str]:
    """Names of all networks that the section `networks` uses, each once."""
    roles = (networks[role] for role in ("generator", "parser", "perceptual"))
    return list(dict.fromkeys([*roles, *networks["judges"]]))


def methods_with(methods: dict[str, dict[str, Any]], key: str) -> list[str]:
    """Names of the methods of one kind: `code` (a latent code), `paste`, `optimise` or `images` (from elsewhere)."""
    return [method for method, choice in methods.items() if key in choice]


def reconstruction_folders(methods: dict[str, dict[str, Any]]) -> dict[str, str]:
    """For each method that reconstructs faces, the folder of its renders below data/reconstructions.

    That is the name of its kind of code; another system's images have a folder of their own.
    """
    folders = {method: choice["code"] for method, choice in methods.items() if "code" in choice}
    return folders | {method: f"external-{method}" for method in methods_with(methods, "reconstructions")}


def other_codes(methods: dict[str, dict[str, Any]]) -> list[str]:
    """The kinds of code that some method uses beside W+ and FS, which are always computed."""
    used = dict.fromkeys(choice["code"] for choice in methods.values() if "code" in choice)
    return [code for code in used if code not in ("w", "fs")]


def code_folder(codes: Path, code: str) -> Path:
    """Where a kind of code lies: W+ and FS are one file, the others have folders of their own."""
    return codes if code in ("w", "fs") else codes / code


SELF_TRANSFER = "self-transfer"


def protocols(params: dict[str, Any]) -> dict[str, list[str]]:
    """What is measured, and the methods that must have it: not all embed something."""
    methods, own = params["methods"], in_place(params)
    always = {"reconstruction": list(reconstruction_folders(methods)), "transfer": list(methods)}
    return always | ({SELF_TRANSFER: own} if own else {})


def in_place(params: dict[str, Any]) -> list[str]:
    """Names of the methods whose composite of an image with its own hair is its embedding: `stages.score` says why."""
    if not params["score"]["self_transfer"]:
        return []
    codes, official = methods_with(params["methods"], "code"), params["align"]["variant"] == "official"
    return [method for method in codes if not (official and params["methods"][method]["align"])]


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
        if _first_error(_schema("images"), {"image": path.stem, "source": "photo"}):
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
            if error := _first_error(_schema(schema), filled):
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
