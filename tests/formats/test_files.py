"""Files: whole or not at all, decoded right, refused with a line."""

import errno
import io
import os
import resource
import subprocess
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stages.errors import ItemError
from stages.formats.files import write_atomic, write_shared
from stages.formats.images import FORMATS, png_bytes, read_image
from stages.formats.label_maps import label_map_bytes, palette, read_label_map
from stages.regions.labels import CELEBAMASK_19, LabelScheme

ROOM = 64 * 1024  # bytes on the full disk


@contextmanager
def small_files():
    """A limit on the size of files, no longer than a write takes: what pytest prints may go to a larger one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(params=["disk", "quota"])
def full_disk(request, tmp_path):
    """A folder, and the context in which only small files can be written there: a tiny disk, or a limit on files."""
    if request.param == "quota":
        yield tmp_path, small_files
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", tmp_path]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    yield tmp_path, nullcontext
    subprocess.run(["umount", tmp_path], check=True)


def test_full_disk_keeps_the_former_file_and_leaves_nothing_behind(refused, full_disk):
    folder, full = full_disk
    path = folder / "a.png"
    write_atomic(path, b"former")
    with full():
        refused(f"{path}: ", write_atomic, path, bytes(4 * ROOM))
    assert path.read_bytes() == b"former"
    assert list(folder.iterdir()) == [path]


def test_write_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "new" / "folder" / "a.txt"
    for content in (b"first", b""):
        write_atomic(path, content)
        assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_write_below_a_file_is_refused(refused, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    refused("a.png: ", write_atomic, tmp_path / "file" / "a.png", b"")


RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
GREY = RGB[..., 0]


def encoded(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def palette_image():
    image = Image.fromarray(GREY % 4)
    image.putpalette(RGB[0, :4].flatten().tolist())
    return image


def on_white(colours, alpha):
    return 255 - (255 - colours.astype(float)) * alpha[..., None] / 255


GREY_RGB = np.repeat(GREY[..., None], 3, 2)
BLOCKS = RGB & 128
READABLE = {
    "RGB": (encoded(Image.fromarray(RGB)), RGB),
    "alpha": (encoded(Image.fromarray(np.dstack([RGB, GREY]))), on_white(RGB, GREY)),
    "palette with alpha": (
        encoded(palette_image(), transparency=bytes([0, 90, 180, 255])),
        on_white(RGB[0, GREY % 4], np.array([0, 90, 180, 255])[GREY % 4]),
    ),
    "grey with alpha": (encoded(Image.fromarray(np.dstack([GREY, 255 - GREY]))), on_white(GREY_RGB, 255 - GREY)),
    "colour keyed out": (
        encoded(Image.fromarray(BLOCKS), transparency=(0, 0, 0)),
        np.where(BLOCKS.any(-1, keepdims=True), BLOCKS, 255),
    ),
    "grey": (encoded(Image.fromarray(GREY)), GREY_RGB),
    "grey of 16 bits": (encoded(Image.fromarray(GREY.astype(np.uint16) * 256 + 7)), GREY_RGB),
    "bilevel": (encoded(Image.fromarray(GREY > 127)), (GREY_RGB > 127) * np.uint8(255)),
}


@pytest.mark.parametrize("linked", [True, False])
def test_what_is_shared_is_the_same_on_one_file_or_on_its_own(tmp_path, linked):
    stored, path = tmp_path / "stored", tmp_path / "new" / "file"
    stored.write_bytes(b"content")
    for _ in range(2):
        write_shared(path, b"content", stored, linked=linked)
        assert path.read_bytes() == b"content" and list(path.parent.iterdir()) == [path]
    path.write_bytes(b"edited")
    if not linked:
        assert stored.read_bytes() == b"content", "blocks may be shared, until one is written to"


def test_what_cannot_be_shared_is_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "another file system")

    for share in ("reflink", "hardlink"):
        monkeypatch.setattr(f"dvc_objects.fs.system.{share}", refuse)
    stored, path = tmp_path / "stored", tmp_path / "file"
    stored.write_bytes(b"content")
    write_shared(path, b"content", stored, linked=True)
    assert path.read_bytes() == b"content" and not path.samefile(stored)
    assert sorted(tmp_path.iterdir()) == sorted([stored, path])


def test_a_file_that_cannot_be_shared_or_written_is_refused(refused, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "stored").write_bytes(b"content")
    path = tmp_path / "file" / "below"
    refused(f"^{path}: cannot be written", lambda: write_shared(path, b"content", tmp_path / "stored", linked=True))


@pytest.mark.parametrize("kind", READABLE)
def test_every_kind_of_png_becomes_rgb(tmp_path, kind):
    content, pixels = READABLE[kind]
    (tmp_path / "a.png").write_bytes(content)
    image = read_image(tmp_path / "a.png")
    assert image.mode == "RGB"
    np.testing.assert_allclose(image, pixels, atol=1)


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    orange = Image.new("CMYK", (16, 16), (0, 128, 255, 0))
    (tmp_path / "a.jpg").write_bytes(encoded(orange, "JPEG", quality=95))
    image = read_image(tmp_path / "a.jpg")
    assert image.mode == "RGB"
    np.testing.assert_allclose(image.getpixel((8, 8)), (255, 127, 0), atol=4)


def animated(format):
    frames = [Image.fromarray(RGB), Image.fromarray(RGB[::-1].copy())]
    return encoded(frames[0], format, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_animated_image_fails_as_an_item(refused, tmp_path, format):
    (tmp_path / "a.png").write_bytes(animated(format))
    refused("a.png: is animated; save one frame", read_image, tmp_path / "a.png", error=ItemError)


def test_jpeg_that_carries_its_preview_is_read(tmp_path):
    """Phones write such files; Pillow calls them MPO."""
    (tmp_path / "a.jpg").write_bytes(animated("MPO"))
    assert Image.open(tmp_path / "a.jpg").format == "MPO"
    assert read_image(tmp_path / "a.jpg").size == (30, 20)


@pytest.mark.parametrize("format", ["GIF", "TIFF", "BMP", "ICO", "PPM", "PDF", "EPS"])
def test_other_formats_are_not_decoded_whatever_the_file_is_called(refused, tmp_path, format):
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(RGB), format))
    refused("a.png: not an image", read_image, tmp_path / "a.png", error=ItemError)


def heic():
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 32), (200, 100, 50))).save(buffer, quality=95)
    return buffer.getvalue()


def test_a_photo_of_apples_format_is_read_where_its_library_is(tmp_path):
    (tmp_path / "a.heic").write_bytes(heic())
    image = read_image(tmp_path / "a.heic")
    assert image.mode == "RGB" and image.size == (64, 32)
    np.testing.assert_allclose(image.getpixel((20, 20)), (200, 100, 50), atol=6)


def test_a_photo_of_apples_format_says_what_to_install_where_it_is_not(refused, tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(heic())
    monkeypatch.setattr("stages.formats.images.formats", lambda: FORMATS)
    refused("a.jpg: is a HEIC photo, .*pip install pillow-heif", read_image, tmp_path / "a.jpg", error=ItemError)


def test_a_damaged_image_is_told_in_words(refused, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG[: len(PNG) // 2])
    refused("a.png: is damaged or cut short; replace or remove it$", read_image, tmp_path / "a.png", error=ItemError)


def test_rotated_jpeg_is_turned_upright(tmp_path):
    lying = np.zeros((16, 32, 3), np.uint8)
    lying[:, :16] = 255  # white at the left, which is the top once turned
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90° clockwise
    (tmp_path / "a.jpg").write_bytes(encoded(Image.fromarray(lying), "JPEG", quality=95, exif=exif))
    upright = np.array(read_image(tmp_path / "a.jpg"))
    assert upright.shape == (32, 16, 3)
    assert upright[:14].min() > 240 and upright[18:].max() < 15


PNG = encoded(Image.fromarray(RGB))


@pytest.mark.parametrize("content", [b"", b"Dear diary\n", PNG[: len(PNG) // 2], PNG[:30], b"\0" * 100])
def test_what_is_no_whole_image_fails_as_an_item(refused, tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    refused("a.png: .*replace or remove it", read_image, tmp_path / "a.png", error=ItemError)


@settings(max_examples=100)
@given(st.integers(0, len(PNG) - 1), st.integers(1, 255))
def test_damaged_image_is_read_or_fails_as_an_item(tmp_path_factory, position, flip):
    content = bytearray(PNG)
    content[position] ^= flip
    path = tmp_path_factory.getbasetemp() / "damaged.png"
    path.write_bytes(content)
    try:
        assert read_image(path).mode == "RGB"
    except ItemError as error:
        assert str(error).startswith(f"{path}: ")


def test_image_of_too_many_pixels_fails_as_an_item(refused, tmp_path, monkeypatch):
    monkeypatch.setattr("stages.formats.images.MAX_PIXELS", 599)
    (tmp_path / "a.png").write_bytes(PNG)
    refused("a.png: 30×20 px are more than", read_image, tmp_path / "a.png", error=ItemError)


def scheme_of(count):
    return LabelScheme(f"of-{count}", tuple(map(str, range(count))), {}, (), (), ())


@given(st.data(), st.integers(1, 64))
def test_label_map_round_trip(tmp_path_factory, data, count):
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    values = data.draw(st.lists(st.integers(0, count - 1), min_size=height * width, max_size=height * width))
    labels = np.array(values, np.uint8).reshape(height, width)
    path = tmp_path_factory.getbasetemp() / "labels.png"
    path.write_bytes(label_map_bytes(labels, scheme_of(count)))
    found = read_label_map(path, scheme_of(count))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, labels)


LABELS = np.full((8, 8), 17, np.uint8)
MAP = label_map_bytes(LABELS, CELEBAMASK_19)
NO_MAPS = {
    "another scheme": label_map_bytes(LABELS, scheme_of(19)),
    "a label beyond the scheme": png_bytes(Image.fromarray(LABELS + 2), {"label-scheme": CELEBAMASK_19.name}),
    "colours": png_bytes(Image.fromarray(RGB), {"label-scheme": CELEBAMASK_19.name}),
    "no scheme": png_bytes(Image.fromarray(LABELS)),
    "text": b"Dear diary\n",
    "truncated": MAP[:-40],
    "empty": b"",
}


@pytest.mark.parametrize("kind", NO_MAPS)
def test_what_is_no_label_map_is_refused(refused, tmp_path, kind):
    (tmp_path / "a.png").write_bytes(NO_MAPS[kind])
    refused(f"^{tmp_path}/a.png: .*remove it", read_label_map, tmp_path / "a.png", CELEBAMASK_19)


def test_palette_is_of_distinct_colours_on_black():
    colours = palette(256)
    assert not colours[0].any()
    assert len(np.unique(colours, axis=0)) == 256
