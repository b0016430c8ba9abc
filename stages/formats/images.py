"""Image files: decoded with care, since anybody may have made them, and encoded as PNG."""

import io
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from stages.errors import ItemError

FACE_SIZE = 1024  # px of faces and composites
FORMATS = ("PNG", "JPEG", "WEBP")  # what is decoded, whatever a file is called; other decoders are never reached
ANIMATED = ("PNG", "WEBP")  # a JPEG of several images, as phones make them, is a photo and its preview
MAX_PIXELS = 80_000_000  # a 10,000 × 8,000 photo; more is a mistake or an attack. Pillow itself warns from 89 million


@cache
def formats() -> tuple[str, ...]:
    """What is decoded here: `FORMATS`, and Apple's where pillow-heif is installed."""
    if find_spec("pillow_heif") is None:
        return FORMATS
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
    return (*FORMATS, "HEIF")


def read_image(path: Path) -> Image.Image:
    """Decode a PNG, JPEG or WebP file to RGB, upright by its EXIF; what is transparent becomes white.

    So are HEIC files where pillow-heif is installed.

    Raises:
        ItemError: it is no such image, damaged, animated or too large.
    """
    try:
        with Image.open(path, formats=formats()) as image:
            if image.width * image.height > MAX_PIXELS:
                most = f"{MAX_PIXELS // 10**6} million pixels"
                raise ItemError(f"{path}: {image.width}×{image.height} px are more than {most}; make it smaller")
            if image.format in ANIMATED and getattr(image, "is_animated", False):
                raise ItemError(f"{path}: is animated; save one frame of it")
            return _rgb(ImageOps.exif_transpose(image))
    except ItemError:
        raise
    except UnidentifiedImageError:
        if _is_heic(path):
            reason = "is a HEIC photo, whatever its name says; type `pip install pillow-heif`, or convert it to JPEG"
            raise ItemError(f"{path}: {reason}") from None
        raise ItemError(f"{path}: not an image (a PNG, JPEG or WebP file); replace or remove it") from None
    # Decoders raise anything at all on bytes that somebody made up: struct.error, KeyError, MemoryError, …
    except Exception as error:
        raise ItemError(f"{path}: is damaged or cut short; replace or remove it") from error


def _is_heic(path: Path) -> bool:
    """Whether a file begins as photos of Apple's format do."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1")


def read_square(path: Path, minimum: str, smallest: int, advice: str) -> Image.Image:
    """Decode a square image file of at least `smallest` px to RGB; `minimum` and `advice` say more of what is asked.

    Raises:
        ItemError: as `read_image`, or the image is not square or too small.
    """
    image = read_image(path)
    if image.width != image.height:
        raise ItemError(f"{path}: {image.width}×{image.height} px is not square; {advice}")
    if image.width < smallest:
        raise ItemError(f"{path}: {image.width} px is below the minimum of {minimum}")
    return image


def at_face_size(image: Image.Image) -> Image.Image:
    """Bring a square image to the 1024 px of faces and composites."""
    return image if image.width == FACE_SIZE else image.resize((FACE_SIZE, FACE_SIZE), Image.Resampling.LANCZOS)


def _rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB; Pillow alone would clip 16-bit grey to white and show the colours of what is transparent."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def png_bytes(image: Image.Image, text: Mapping[str, str] | None = None) -> bytes:
    """Encode an image as PNG with text chunks."""
    info = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=4)
    return buffer.getvalue()


def read_rgb(path: Path) -> np.ndarray:
    """Decode an RGB image of ours to uint8 (H, W, 3); errors as `read_image`."""
    return np.array(read_image(path))


def read_grey(path: Path) -> np.ndarray:
    """Decode a grey image of ours to uint8 (H, W); errors as `read_image`."""
    return np.array(read_image(path).convert("L"))
