"""Label maps as palette PNG files that name their label scheme."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.errors import UserError
from stages.formats.images import png_bytes
from stages.regions.labels import LabelScheme


def label_map_bytes(labels: np.ndarray, scheme: LabelScheme) -> bytes:
    """Encode a label map, uint8 (H, W), as a palette PNG that names its scheme."""
    image = Image.fromarray(labels.astype(np.uint8), "P")
    image.putpalette(palette(len(scheme)).flatten().tolist())
    return png_bytes(image, {"label-scheme": scheme.name})


def read_label_map(path: Path, scheme: LabelScheme) -> np.ndarray:
    """Decode a label map to uint8 (H, W).

    Raises:
        UserError: it is not a label map of this scheme.
    """
    try:
        with Image.open(path) as image:
            named = image.info.get("label-scheme")
            labels = np.array(image)
    except (OSError, SyntaxError) as error:
        raise UserError(f"{path}: not a label map ({error}); remove it and run again") from error
    if named != scheme.name or labels.ndim != 2 or labels.max() >= len(scheme):
        raise UserError(f"{path}: its label scheme is {named}, not {scheme.name}; remove it and run again")
    return labels


def palette(count: int) -> np.ndarray:
    """Distinct colours, uint8 (count, 3), background black: the usual bit-interleaved palette of label maps."""
    colours = np.zeros((count, 3), np.uint8)
    for label in range(count):
        bits = label
        for shift in range(8):
            for channel in range(3):
                colours[label, channel] |= (bits >> channel & 1) << (7 - shift)
            bits >>= 3
    return colours
