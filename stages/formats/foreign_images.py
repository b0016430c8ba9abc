"""Images that another system made, brought to the size of ours."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from stages.errors import ItemError, UnreadableError
from stages.formats.images import at_face_size, png_bytes, read_square

SMALLEST = 256  # px; below it a comparison with the others at 256 px would measure the size


def read_result(name: str, folder: Path, results: Mapping[str, Path]) -> Image.Image:
    """The image of one pair or face.

    Raises:
        UnreadableError: it is not an image, not square, or smaller than 256 px.
        ItemError: it is missing.
    """
    if name not in results:
        raise ItemError(f"{folder}: no image named {name}")
    try:
        return read_square(results[name], f"{SMALLEST} px", SMALLEST, "the pair's faces are")
    except ItemError as error:
        raise UnreadableError(str(error)) from error


def bring_to_size(image: Image.Image) -> tuple[dict[str, bytes], dict[str, object]]:
    """An image as PNG of 1024 px, under the role `image`, and the size that it came in."""
    return {"image": png_bytes(at_face_size(image))}, {"px": image.width}
