"""A run of drawn images with a gallery: seven pairs, three methods, names and reasons that try to be markup."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.gallery import drawn_pairs, drawn_table, run_params, write_run
from stages import gallery, pictures
from stages.formats.images import png_bytes
from stages.formats.label_maps import label_map_bytes
from stages.regions.labels import CELEBAMASK_19 as SCHEME
from stages.statistics.names import FAILURE

EVIL = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(2)</script>"
METHODS = ["barbershop", "poisson", "mine"]
IMAGES = {"anna": "drawn", "ben": f"photos/{EVIL}.png", "cleo": 'photos/=1+1, "cleo".png'}
PAIRS = drawn_pairs(6, list(IMAGES))
SIZE = 64
LOST = {
    ("poisson", "pair-0001"): f"missing: it is empty {SCRIPT}",
    ("mine", "pair-0002"): "copied: the reference's image",
}
REASONS = {"maps": {"cleo": f"no face {EVIL}"}, "composites/poisson": {"pair-0001": f"{SCRIPT} failed"}}


def drawn(folder: Path, seed: int, kind: str = "face") -> bytes:
    """A head before a background, as a PNG: a face, or its label map."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    radius = np.hypot(1.3 * x, y)
    labels = np.select([radius < 0.28, radius < 0.4], [SCHEME["skin"], SCHEME["hair"]], SCHEME["background"])
    if kind == "map":
        return label_map_bytes(labels.astype(np.uint8), SCHEME)
    colours = np.random.default_rng(seed).integers(40, 215, (len(SCHEME), 3))
    return png_bytes(Image.fromarray(colours[labels].astype(np.uint8)))


def params(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters of the run; `mine` comes from elsewhere."""
    found = run_params(METHODS, {"gallery": {"size": 256}} | dict(changes or {}))
    found["methods"]["mine"] = {"kind": "results", "images": "results"}
    return found


def make_gallery(folder: Path, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, Any] | None = None) -> Path:
    """Make all of it in a folder, which becomes the current one; returns gallery.html."""
    monkeypatch.chdir(folder)
    frame = drawn_table(PAIRS, METHODS, 8, 0, 0)
    lost = [(method, pair) in LOST for method, pair in zip(frame["method"], frame["item"], strict=True)]
    frame = frame[~(np.array(lost) & (frame["metric"] != FAILURE))].reset_index(drop=True)
    for (method, pair), note in LOST.items():
        at = (frame["method"] == method) & (frame["item"] == pair)
        frame.loc[at, ["value", "note"]] = [1.0, note]
    empty = (frame["method"] == "mine") & (frame["item"] == "pair-0003") & (frame["metric"] == "kept PSNR@256")
    frame.loc[empty, ["value", "note"]] = [np.nan, f"the mask is empty {EVIL}"]
    write_run(folder, IMAGES, PAIRS, METHODS, frame, REASONS)
    data = folder / "data"
    for k, name in enumerate(IMAGES):
        write(data / "faces" / f"{name}.png", drawn(folder, k))
        write(data / "maps" / f"{name}.png", b"" if name == "cleo" else drawn(folder, k, "map"))
        write(data / "reconstructions" / "fs" / f"{name}.png", drawn(folder, k + 5))
    for k, pair in enumerate(PAIRS):
        write(data / "targets" / f"{pair.pair}.png", drawn(folder, k, "map"))
        strip = np.concatenate(
            [np.asarray(Image.fromarray(np.full((SIZE, SIZE, 3), g, np.uint8))) for g in (90, 160)], 1
        )
        write(data / "previews" / "barbershop" / f"{pair.pair}.png", png_bytes(Image.fromarray(strip)))
        for j, method in enumerate(METHODS):
            lost_one = (method, pair.pair) in LOST and method == "poisson"
            write(data / "composites" / method / f"{pair.pair}.png", b"" if lost_one else drawn(folder, 10 + k + j))
    make_pages(folder, params(changes))
    return folder / "reports" / "gallery.html"


def make_pages(folder: Path, chosen: Mapping[str, Any]) -> None:
    """Both stages, as their rules call them."""
    data, out, own = folder / "data", folder / "reports", chosen["gallery"]
    data, out = data.relative_to(folder), out.relative_to(folder)
    encoding = {key: own[key] for key in ("size", "thumbnail", "quality")}
    pictures.main("images", encoding, SCHEME, data, out / "gallery", "000", frozenset(IMAGES), None, ["fs"])
    pictures.main(
        "pairs", encoding, SCHEME, data, out / "gallery", "000", None, data / "pairs.csv", None, METHODS, ["barbershop"]
    )
    gallery.main(
        dict(chosen), SCHEME, out / "metrics.parquet", data / "images.csv",
        data / "pairs.csv", data, out, data / "records" / "gallery.json",
    )  # fmt: skip


def write(path: Path, content: bytes) -> None:
    """Write a file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
