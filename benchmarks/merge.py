"""Seconds of the merge, `python -m stages.score`, at the field's size, with sheets of made-up numbers.

    python -m benchmarks.merge                 # 1,000 images, 3,000 pairs, 4 methods
    python -m benchmarks.merge --pairs 300

The sheets have the form that `stages.measure` writes. The merge runs twice in a temporary folder: the second time it
finds in the store what metrics of sets said the first time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from stages.engine.stage_records import write_record
from stages.formats.files import sha256
from stages.scoring.expectations import SIZE, Expected, Seen
from stages.scoring.sheets import Sheet, Value, of_expected, of_features, of_seen, sheet_bytes

SCORE = {
    "size": 256, "level": 0.95, "permutations": 199, "identity": True, "self_transfer": True, "inception": None,
    "clip": [], "arcface": None, "seed": 0,
}  # fmt: skip
METHODS = {f"method_{k}": {"kind": "latent", "code": ("w", "fs")[k % 2], "align": False} for k in range(4)}
VALUES = 44  # of a composite, and of an embedding: as many as the default job has
FEATURES = 512  # numbers; those of ST-LPIPS-VGG, the only features by default
DATA = Path("data")


def put(kind: str, sheets: Mapping[str, Sheet]) -> None:
    """Write sheets and their record, in the current folder."""
    folder = DATA / "measured" / kind
    folder.mkdir(parents=True)
    for name, sheet in sheets.items():
        (folder / f"{name}.safetensors").write_bytes(sheet_bytes(sheet))
    items = [{"item": name, "status": "ok", "seconds": 1.0, "key": sha256(name.encode())} for name in sheets]
    files = [folder / f"{name}.safetensors" for name in sheets]
    write_record(DATA / "records" / "measured" / kind / "000.json", f"measured-{kind}", files, weights={}, items=items)


def make(images: int, pairs: int) -> None:
    """Write all sheets, records and manifests, in the current folder."""
    random = np.random.default_rng(0)
    faces = [f"face-{k:04d}" for k in range(images)]
    drawn = random.choice(images * (images - 1), pairs, replace=False)
    chosen = {f"pair-{k:04d}": (n % images, (n % images + 1 + n // images) % images) for k, n in enumerate(drawn)}

    def measured(small: np.ndarray | None = None) -> Sheet:
        values = [Value("", f"metric {k}@256", value, "lower") for k, value in enumerate(random.random(VALUES))]
        arrays = of_features({"unit ST-LPIPS-VGG@256": random.random(FEATURES)})
        if small is None:
            return Sheet(values, arrays, {})
        more, facts = of_seen(Seen(small, random.bytes(32), True))
        return Sheet(values, arrays | more, facts)

    small = [random.random((SIZE, SIZE, 3)) for _ in faces]
    asked = {}
    for name, (a, b) in chosen.items():
        taken = random.random((SIZE, SIZE, 1)) < 0.3
        asked[name] = np.where(taken, small[b], small[a])
    put("images", {name: measured(pixels)._replace(values=[]) for name, pixels in zip(faces, small, strict=True)})
    for code in ("w", "fs"):
        put(f"reconstructions/{code}", {name: measured() for name in faces})
    everywhere = np.ones((SIZE, SIZE))
    put("pairs", {
        name: of_expected(Expected(pixels, everywhere, everywhere > 0, False, "identity"), ["identity"])
        for name, pixels in asked.items()
    })  # fmt: skip
    for method in METHODS:
        noisy = {name: np.clip(each + random.normal(0, 0.1, each.shape), 0, 1) for name, each in asked.items()}
        put(f"composites/{method}", {name: measured(pixels) for name, pixels in noisy.items()})
        items = [{"item": name, "status": "ok"} for name in chosen]
        write_record(DATA / "records" / "composites" / method / "000.json", method, [], weights={}, items=items)
    (DATA / "images.csv").write_text("image,source\n" + "".join(f"{name},drawn\n" for name in faces))
    lines = [f"{name},{faces[a]},{faces[b]}\n" for name, (a, b) in chosen.items()]
    (DATA / "pairs.csv").write_text("pair,identity,hair\n" + "".join(lines))


def main(
    images: Annotated[int, typer.Option(min=1, help="number of images")] = 1000,
    pairs: Annotated[int, typer.Option(min=1, help="number of pairs")] = 3000,
    permutations: Annotated[int, typer.Option(min=1, help="score.permutations")] = 199,
) -> None:
    """Print the seconds of the merge, and how much the sheets take on the disk."""
    project = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make(images, pairs)
        size = sum(path.stat().st_size for path in DATA.rglob("*.safetensors"))
        score = json.dumps(SCORE | {"permutations": permutations})
        options = ["--data", "data", "--images", "data/images.csv", "--pairs", "data/pairs.csv", "--out", "out.parquet"]
        options += ["--scheme", "celebamask-19", "--judge", "stlpips_vgg", "--parser", "bisenet19"]
        command = [sys.executable, "-m", "stages.score", "--params", score, "--methods", json.dumps(METHODS), *options]
        for what in ("with an empty store", "with the sets in the store"):
            began = time.perf_counter()
            subprocess.run(
                command, check=True, env=os.environ | {"PYTHONPATH": str(project)}, stderr=subprocess.DEVNULL
            )
            seconds = time.perf_counter() - began
            print(f"{images} images, {pairs} pairs, {len(METHODS)} methods, {what}: {seconds:.1f} s", flush=True)
        print(f"sheets: {size / 2**20:.0f} MiB")
        os.chdir(project)


if __name__ == "__main__":
    typer.run(main)
