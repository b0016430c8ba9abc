"""What the rules of failures find among a run's results, broken on purpose or merely poor, and what they cost.

    python -m benchmarks.failures --data data --methods barbershop,copy_paste
    python -m benchmarks.failures --pairs 3000

The first prints, for every way of breaking and of spoiling results, how many of them each rule finds. The second prints
the seconds that the rules take for so many pairs, without reading files and searching faces.
"""

import io
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageFilter

from stages.formats.images import read_rgb
from stages.formats.label_maps import read_label_map
from stages.regions.labels import SCHEMES
from stages.regions.pair import Pair
from stages.scoring.expectations import SIZE, Expected, expect, seen_small
from stages.scoring.failures import Seen, judge
from stages.settings.manifests import read_faces, read_pairs

Change = Callable[[np.ndarray], np.ndarray]


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """An image (H, W, 3) uint8 after JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def shrunk(pixels: np.ndarray, size: int) -> np.ndarray:
    """An image brought to `size` px and back."""
    small = Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(small.resize(pixels.shape[1::-1], Image.Resampling.LANCZOS))


def blurred(pixels: np.ndarray, radius: int) -> np.ndarray:
    """An image after a Gaussian blur."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


POOR: dict[str, Change] = {
    "as it is": lambda x: x,
    "JPEG 50": lambda x: jpeg(x, 50),
    "256 px": lambda x: shrunk(x, 256),
    "blurred by 8 px": lambda x: blurred(x, 8),
    "blurred by 30 px": lambda x: blurred(x, 30),
    "warmer": lambda x: np.clip(x * [1.1, 1.0, 0.9] + 5, 0, 255).astype(np.uint8),
    "darker": lambda x: (x * 0.8).astype(np.uint8),
    "noise of 30": lambda x: np.clip(x + np.random.default_rng(0).normal(0, 30, x.shape), 0, 255).astype(np.uint8),
    "moved by 12 px": lambda x: np.roll(x, (12, 12), (0, 1)),
    "moved by 24 px": lambda x: np.roll(x, (24, 24), (0, 1)),
    "turned by 2 degrees": lambda x: np.asarray(Image.fromarray(x).rotate(2, Image.Resampling.BILINEAR)),
}


def seen(pixels: np.ndarray) -> Seen:
    """An image as the rules see it, but for its face, which is not looked for here."""
    return Seen(seen_small(pixels), pixels.tobytes(), True)


def look(data: Path, methods: list[str], scheme: str) -> None:
    """Print what the rules find among the results of a run's methods."""
    names, labels = [face.image for face in read_faces(data / "images.csv")], SCHEMES[scheme]
    pairs = read_pairs(data / "pairs.csv", names)
    faces = {name: read_rgb(data / "faces" / f"{name}.png") for name in names}
    maps = {name: read_label_map(data / "maps" / f"{name}.png", labels) for name in names}
    images = {name: seen(face) for name, face in faces.items()}
    expected = {}
    for k, pair in enumerate(pairs):
        small, own = [images[n].small for n in pair.references], [maps[n] for n in pair.references]
        expected[k] = expect(pair, small, own, read_label_map(data / "targets" / f"{pair.pair}.png", labels), labels)
    for method in methods:
        results = [read_rgb(data / "composites" / method / f"{pair.pair}.png") for pair in pairs]
        kinds = {how: [change(result) for result in results] for how, change in POOR.items()}
        kinds |= {
            "broken: the identity at JPEG 75": [jpeg(faces[pair.identity], 75) for pair in pairs],
            "broken: the reference at JPEG 75": [jpeg(faces[pair.references[-1]], 75) for pair in pairs],
            "broken: mirrored": [np.ascontiguousarray(result[:, ::-1]) for result in results],
            "broken: the next pair's": [*results[1:], *results[:1]],
            "broken: black": [np.zeros_like(result) for result in results],
        }
        for how, made in kinds.items():
            found = judge(pairs, {k: seen(result) for k, result in enumerate(made)}, expected, images)
            rules = Counter(failure.rule for failure in found.values())
            print(f"{method}: {how}: {len(found)} of {len(pairs)}", *(f"{rule} {n}" for rule, n in rules.items()))


def cost(count: int) -> None:
    """Print the seconds that the rules take for so many pairs of random images."""
    random = np.random.default_rng(0)
    images: Mapping[str, Seen] = {
        f"face-{k}": Seen(random.random((SIZE, SIZE, 3)), bytes([k]), True) for k in range(120)
    }
    names = list(images)
    drawn = [random.choice(len(names), 2, replace=False) for _ in range(count)]
    pairs = [Pair(f"pair-{k}", names[a], {"hair": names[b]}) for k, (a, b) in enumerate(drawn)]
    expected, results = {}, {}
    for k, pair in enumerate(pairs):
        first, second = (images[name].small for name in pair.references)
        taken = random.random((SIZE, SIZE)) < 0.3
        pixels = np.where(taken[..., None], second, first)
        expected[k] = Expected(pixels, np.ones((SIZE, SIZE)), np.ones((SIZE, SIZE), bool), False, pair.identity)
        results[k] = Seen(np.clip(pixels + random.normal(0, 0.1, pixels.shape), 0, 1), k.to_bytes(4), True)
    began, worked = time.perf_counter(), time.process_time()
    found = judge(pairs, results, expected, images)
    seconds, of_cpu = time.perf_counter() - began, time.process_time() - worked
    print(f"{count} pairs: {seconds:.1f} s, {of_cpu:.1f} s of all cores' work, {len(found)} failures")


def main(
    data: Annotated[Path | None, typer.Option(help="folder of a finished run's artifacts")] = None,
    methods: Annotated[str, typer.Option(help="methods of that run, with commas between")] = "copy_paste",
    scheme: Annotated[str, typer.Option(help="label scheme of its maps")] = "celebamask-19",
    pairs: Annotated[int, typer.Option(min=0, help="pairs of which the cost is measured; 0: none")] = 0,
) -> None:
    """Print what the rules find in a run, and what they cost."""
    if data is not None:
        look(data, methods.split(","), scheme)
    if pairs:
        cost(pairs)


if __name__ == "__main__":
    typer.run(main)
