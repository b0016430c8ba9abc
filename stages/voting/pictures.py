"""The copies of pictures that a person sees: no metadata, names by chance; and copies that are damaged on purpose."""

import io
import secrets
from pathlib import Path

import numpy as np
from PIL import Image

from stages.formats.files import write_atomic
from stages.formats.images import read_image
from stages.voting.study_file import SUFFIX

QUALITY = 95  # of WebP: at it, what compression does is far below what methods differ in
NOISE = 0.18  # standard deviation of the damage, of [0, 1]
GRAINS = 64  # of the damage along a side: coarse, so that a small screen shows it too


def copied(path: Path, size: int) -> Image.Image:
    """An image of `size` px or less with pixels alone; raises ItemError as `read_image`."""
    image = read_image(path)
    if max(image.size) > size:
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
    return Image.fromarray(np.asarray(image))


def damaged(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """The image under coarse coloured noise, on every screen plainly worse than the image itself."""
    noise = random.normal(0, 255 * NOISE, (GRAINS, GRAINS, 3)).clip(-127, 127) + 128
    grains = Image.fromarray(noise.astype(np.uint8)).resize(image.size, Image.Resampling.NEAREST)
    worse = np.asarray(image).astype(np.int16) + np.asarray(grains).astype(np.int16) - 128
    return Image.fromarray(worse.clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, quality: int = QUALITY) -> bytes:
    """The image as WebP, without metadata of any kind."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def put(image: Image.Image, folder: Path) -> str:
    """Write an image under a name by chance; returns the name, without the suffix."""
    name = secrets.token_hex(8)
    write_atomic(folder / f"{name}{SUFFIX}", encoded(image))
    return name
