"""A stand-in for HairFastGAN's main.py: it has the three options of a list and makes no hair transfer worth the name.

It lays the top of the image that gives hair over the face, a fifth of which shines through: no network, no parsing.
Tests use it where another method's own code would run. Its results say nothing about that method.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image


def blended(face: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """The face, uint8 (H, H, 3), with the top of the other image over it under a soft alpha, away from the middle."""
    down, across = np.mgrid[: len(face), : len(face)] / len(face)
    head = ((across - 0.5) / 0.33) ** 2 + ((down - 0.45) / 0.37) ** 2
    inner = ((across - 0.5) / 0.22) ** 2 + ((down - 0.55) / 0.3) ** 2
    alpha = np.clip((1.1 - head) / 0.2, 0, 1) * np.clip((inner - 0.9) / 0.2, 0, 1)
    return (face + 0.8 * alpha[..., None] * (hair.astype(float) - face)).round().astype(np.uint8)


def main() -> None:
    """Blend every line's face and shape image; the third, of the colour, is not looked at."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--input_dir", "--file_path", "--output_dir"):
        parser.add_argument(option, type=Path, required=True)
    given = parser.parse_args()
    given.output_dir.mkdir(exist_ok=True)
    for line in given.file_path.read_text().splitlines():
        names = line.split()
        face, hair, _ = (np.asarray(Image.open(given.input_dir / name).convert("RGB")) for name in names)
        stem = "_".join(Path(name).stem for name in names)
        Image.fromarray(blended(face, hair)).save(given.output_dir / f"{stem}.png")


if __name__ == "__main__":
    main()
