"""What strangers hand in: images, manifests, parameters and names made up at random end in one line, never a traceback.

Whatever is accepted names files inside the folders it belongs to, and reaches a shell quoted.
"""

import copy
import io
import json
import os
import re
import shlex
import zlib
from contextlib import suppress
from functools import reduce
from operator import getitem

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import ROOT

from stages.errors import ItemError, UserError
from stages.formats.canonical import canonical
from stages.formats.images import MAX_PIXELS, read_image
from stages.settings import config, manifests

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def one_line(error, *starts):
    text = str(error)
    assert text and "\n" not in text and "\r" not in text
    assert not starts or text.startswith(starts), text


def encoded(format, **options):
    pixels = np.random.default_rng(1).integers(0, 256, (24, 16, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


def a_line_each(error, *starts):
    """One line, or a header and a line for each of several faults."""
    first, *others = str(error).split("\n")
    assert not others or (first.endswith(":") and all(other.startswith("  ") for other in others))
    for text in (first, *others):
        one_line(text)
        text.encode()  # can be printed and logged
    one_line(first, *starts)


EXIF = Image.Exif()
EXIF[0x0112] = 6
IMAGES = {
    "PNG": encoded("PNG", exif=EXIF),
    "APNG": encoded("PNG", save_all=True, append_images=[Image.new("RGB", (16, 24))]),
    "JPEG": encoded("JPEG", exif=EXIF),
    "progressive JPEG": encoded("JPEG", progressive=True),
    "WebP": encoded("WEBP", exif=EXIF),
    "GIF": encoded("GIF"),
    "TIFF": encoded("TIFF"),
}


@st.composite
def damaged(draw, content):
    """A file with bytes changed, cut out, put in or cut off, most of them in its header."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = min(draw(st.integers(0, 120) | st.integers(0, len(changed))), len(changed))
        what = draw(st.binary(min_size=0, max_size=4))
        changed[place : place + draw(st.integers(0, 4))] = what
    return bytes(changed[: draw(st.just(len(changed)) | st.integers(0, len(changed)))])


@pytest.mark.parametrize("kind", IMAGES)
@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_image_is_read_or_fails_as_an_item(tmp_path_factory, kind, data):
    path = tmp_path_factory.getbasetemp() / "photo.png"
    path.write_bytes(data.draw(damaged(IMAGES[kind])))
    try:
        image = read_image(path)
    except ItemError as error:
        one_line(error, f"{path}: ")
    else:
        assert image.mode == "RGB" and kind not in ("GIF", "TIFF")


@settings(max_examples=40)
@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_an_image_that_claims_to_be_huge_is_not_decoded(tmp_path_factory, width, height):
    """The size in a PNG's header is any number; what is not there is not allocated either."""
    content = bytearray(IMAGES["PNG"])
    content[16:24] = width.to_bytes(4) + height.to_bytes(4)
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    path = tmp_path_factory.getbasetemp() / "huge.png"
    path.write_bytes(content)
    try:
        read_image(path)
    except ItemError as error:
        one_line(error, f"{path}: ")
    else:
        assert width * height <= MAX_PIXELS


TRICKS = st.sampled_from(
    ["..", "../x", "/etc/passwd", "a/b", "a\\b", "~", "$(touch pwned)", "`id`", "a;b", "a b", "-rf", ".hidden", "a\n",
     "a\x00", "é", "a'b", 'a"b', "{x}", "*", "", "\ufeffa", "con", "x" * 300, "a.png", "a..b"]
)  # fmt: skip
CELLS = TRICKS | st.text(max_size=8) | st.sampled_from(["a", "b", "pair", "identity", "hair"])
HEADERS = st.sampled_from([["pair", "identity", "hair"], ["image", "source"]]) | st.lists(CELLS, max_size=4)


@st.composite
def contents(draw):
    """The content of a CSV file: of bytes, of cells that somebody thought about, or of a good file damaged."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return draw(st.binary(max_size=60))
    rows = [draw(HEADERS), *draw(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=4))]
    quote = draw(st.sampled_from(['"', ""]))
    content = "\n".join(",".join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    content = content.encode("utf-8", "surrogatepass")
    return content if kind == 1 else draw(damaged(b"pair,identity,hair\np1,a,b\np2,b,a\n"))


@settings(max_examples=300)
@given(contents())
def test_a_manifest_is_read_or_refused_and_names_nothing_outside(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    path = folder / "list.csv"
    path.write_bytes(content)
    names = []
    for read in (manifests.read_faces, manifests.read_pairs, lambda p: manifests.read_pairs(p, ["a", "b"])):
        try:
            rows = read(path)
        except UserError as error:
            a_line_each(error, f"{path}: ", f"{path}, row ")
        else:
            names += [
                name for row in rows for name in ([row.image] if hasattr(row, "image") else [row.pair, *row.images])
            ]
    for name in names:
        assert_harmless(folder, name)


def assert_harmless(folder, name):
    """A name makes a file of its own right in the folder that it is used in, and means nothing to a shell."""
    made = folder / f"{name}.png"
    assert made.resolve().parent == folder.resolve() and made.name == f"{name}.png"
    assert shlex.quote(name) == name and not name.startswith("-")


@settings(max_examples=150)
@given(
    st.lists(TRICKS | st.text(max_size=6), max_size=4), st.sampled_from([".png", ".JPG", ".webp", ".heic", ".txt", ""])
)
def test_names_of_photos_are_taken_or_refused(tmp_path_factory, stems, suffix):
    folder = tmp_path_factory.mktemp("photos")
    for stem in stems:
        name = f"{stem}{suffix}".encode("utf-8", "surrogateescape" if stem.isascii() else "surrogatepass")
        if b"/" not in name and b"\0" not in name and name not in (b"", b".", b"..") and len(name) < 255:
            with suppress(OSError):  # disks of macOS take no character that Unicode has not assigned
                (folder / os.fsdecode(name)).write_bytes(b"")
    try:
        files = manifests.photo_files(folder)
    except UserError as error:
        a_line_each(error)
    else:
        assert files
        for name in files:
            assert_harmless(folder, name)


KEYS = [
    (*path, key)
    for path, section in [((), PARAMS), *(((name,), section) for name, section in PARAMS.items())]
    for key in section
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([10**400, -1, 0, 1e308]) | TRICKS
    | st.text(max_size=6),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers() | TRICKS, x, max_size=3),
    max_leaves=4,
)  # fmt: skip
METHODS = st.dictionaries(TRICKS | st.from_regex("[a-z_]{1,4}\n?"), st.just({"kind": "copy"}), min_size=1, max_size=3)


@settings(max_examples=100)
@given(st.sampled_from(KEYS), VALUES | METHODS)
def test_parameters_are_taken_or_refused(key, value):
    params = copy.deepcopy(PARAMS)
    *parents, last = key
    reduce(getitem, parents, params)[last] = value
    try:
        config.check_params(params)
    except UserError as error:
        a_line_each(error, "params.yaml: ")
        return
    text = canonical(params)
    assert canonical(json.loads(text)) == text and "\n" not in text
    for method in params["methods"]:
        assert_harmless(ROOT, method)
    assert len(manifests.drawn_names(params["faces"]["drawn"]["count"])) <= 1_000_000


# Made by rules or enumerated in the types; everything else in a command is the user's and has to be quoted.
OURS = {
    "wildcards.method", "wildcards.checkpoint", "wildcards.encoder", "wildcards.kind", "log",
    "params.scheme", "params.precision", "params.judges", "params.tf32", "params.in_place", "params.identity",
    "params.given", "params.strata", "params.parser", "params.size", "params.chunks", "params.islands",
    "params.in_folders", "params.of_methods", "wildcards.chunk",
    "params.starts", "params.backbone", "params.completer", "params.doubts",  # of known codes and networks
    "params.names",  # of items, which have letters, digits, dots, _ and - only
}  # fmt: skip


def test_whatever_a_user_names_reaches_the_shell_quoted():
    listed = {}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        text = path.read_text()
        for command in re.findall(r"shell:\n((?: {8}f?\".*\n?)+)", text):
            for field in re.findall(r"\{([^{}]+)\}", command):
                name, _, quoting = field.partition(":")
                if quoting != "q" and name not in OURS:
                    listed.setdefault(name, []).append(path.name)
    # What is left are files that rules make; the user's own files are no arguments but in quotes.
    given = {name for name in listed if not re.fullmatch(r"(input|output)(\.\w+)?", name)}
    assert not given, given
    for name in ("input.photos", "input.listed", "input.results", "input.checkpoint", "input.supplied"):
        assert name not in listed
    assert listed, "the pattern finds the commands"
