"""A small run, with drawn images of 96 px, and a study of it."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from stages.statistics import table
from stages.statistics.names import FAILURE

METHODS = ["barbershop", "copy_paste", "poisson"]
FACES = ["annabella", "benedict", "cleopatra"]  # long enough not to be in random bytes by chance
PAIRS = {f"pair-of-{a[:5]}": (a, b) for a, b in zip(FACES, [*FACES[1:], FACES[0]], strict=True)}
SECRETS = [*METHODS, *FACES, *PAIRS, "composites"]  # what no person who votes may see


def drawn(seed: int, size: int = 96) -> Image.Image:
    """Smooth colours by a seed."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (5, 5, 3)).astype(np.uint8)
    return Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)


def make_run(folder: Path, failed: tuple[str, str] | None = None) -> Path:
    """The files of a finished run that a study needs. `failed`: a method and pair whose result is a failure."""
    data = folder / "data"
    for k, face in enumerate(FACES):
        path = data / "faces" / f"{face}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn(k).save(path)
    rows = []
    for m, method in enumerate(METHODS):
        for p, (pair, images) in enumerate(PAIRS.items()):
            path = data / "composites" / method / f"{pair}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            exif = Image.Exif()
            exif[0x010E] = f"made by {method}"
            drawn(100 + 10 * m + p).save(path, exif=exif)
            is_failed = failed == (method, pair)
            joined = "/".join(images)
            rows.append(
                (
                    method,
                    pair,
                    FAILURE,
                    joined,
                    float(is_failed),
                    "lower",
                    "copied: it is benedict" if is_failed else "",
                )
            )
            if not is_failed:
                rows.append((method, pair, "kept PSNR@256", joined, 20.0 + m, "higher", ""))
    frame = pd.DataFrame(rows, columns=["method", "item", "metric", "images", "value", "direction", "note"])
    (folder / "reports").mkdir()
    table.write(table.summarise(frame.assign(protocol="transfer"), level=0.95), folder / "reports" / "metrics.parquet")
    (data / "images.csv").write_text("image,source\n" + "".join(f"{face},drawn\n" for face in FACES))
    listed = "".join(f"{pair},{a},{b}\n" for pair, (a, b) in PAIRS.items())
    (data / "pairs.csv").write_text("pair,identity,hair\n" + listed)
    return folder
