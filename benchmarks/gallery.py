"""How large the gallery is and how fast it opens, at 3,000 pairs by 6 methods made from the pictures of a finished run.

    python -m benchmarks.gallery                          # in the folder of a run whose target `gallery` is made
    python -m benchmarks.gallery --pairs 198 --methods 6

The pictures of the run are repeated under other names; numbers are drawn. Sizes are of the page's files. Times are of
headless Chromium, from opening the page from the disk: until the first picture of a row is decoded, until a sort by a
metric that was not loaded before is on the page, and by one that was; medians. Without Chromium they are left out.
"""

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
import yaml

from stages.engine.stage_records import sealed, write_record
from stages.formats.canonical import canonical
from stages.formats.files import sha256_file, write_atomic, write_json
from stages.regions.pair import Pair, as_table
from stages.settings.manifests import csv_bytes
from stages.settings.methods import recorded_codes
from stages.statistics import table
from stages.strata.classes import DIFFICULTY
from stages.strata.files import IMAGE_COLUMNS, PAIR_COLUMNS, table_bytes

SCHEME = "celebamask-19"
KINDS = {"barbershop": {"kind": "latent", "code": "fs", "align": True}, "poisson": {"kind": "poisson"}}
METRICS = 60
FAILING = 0.01  # share of results
MAIN = ["taken ST-LPIPS-Alex@256", "kept PSNR@256", "taken IoU bisenet19@512", "taken texture distance@1024"]
SORTS = 7


def run_params(methods: Sequence[str], changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """params.yaml with these methods: one of ours, the others pasted."""
    params = yaml.safe_load((Path(__file__).parent.parent / "params.yaml").read_text())
    own = KINDS["barbershop"]
    params["methods"] = {name: own if k == 0 else KINDS["poisson"] for k, name in enumerate(methods)}
    params["report"] |= {"method": methods[0], "against": methods[-1]}
    for section, values in (changes or {}).items():
        params[section] |= values
    return params


def drawn_table(pairs: Sequence[Pair], methods: Sequence[str], metrics: int, failing: float, seed: int) -> pd.DataFrame:
    """A table of metrics whose numbers are drawn: harder pairs are worse for all methods, and some results failed.

    Means have no intervals: those of so many pairs take minutes.
    """
    rng, items = np.random.default_rng(seed), np.array([pair.pair for pair in pairs])
    hardness = rng.normal(size=len(pairs))
    names = MAIN + [f"metric {k:02d}@256" for k in range(metrics - len(MAIN))]
    parts = []
    for j, method in enumerate(methods):
        lost = rng.random(len(pairs)) < failing
        parts.append(_rows(method, items, "failure", lost.astype(float), "lower"))
        parts[-1]["note"] = np.where(lost, "missing: it is empty", "")
        for k, metric in enumerate(names):
            noise = rng.normal(size=len(pairs))
            good = metric.startswith("kept PSNR")
            values = 25 - 3 * hardness + noise - j if good else np.exp(0.3 * (hardness + noise + 0.2 * j) - k % 5)
            parts.append(_rows(method, items[~lost], metric, values[~lost], "higher" if good else "lower"))
    found = pd.concat(parts, ignore_index=True)
    means = found.groupby(table.GROUP).agg(
        value=("value", "mean"), n=("value", "size"), direction=("direction", "first")
    )
    found["images"] = found["item"]
    means = means.reset_index().assign(item=table.SUMMARY, images="", note="")
    whole = pd.concat([found.assign(n=1), means], ignore_index=True)
    return whole.assign(low=float("nan"), high=float("nan"), excluded=0)


def _rows(method: str, items: np.ndarray, metric: str, values: np.ndarray, direction: str) -> pd.DataFrame:
    of_all = {"protocol": "transfer", "method": method, "metric": metric, "direction": direction, "note": ""}
    return pd.DataFrame({"item": items, "value": values} | of_all)


def write_run(
    folder: Path, images: Mapping[str, str], pairs: Sequence[Pair], methods: Sequence[str], frame: pd.DataFrame,
    reasons: Mapping[str, Mapping[str, str]] | None = None,
) -> None:  # fmt: skip
    """The lists, strata, table and records of a run below a folder; no images.

    Args:
        folder: of the run.
        images: the source of each image, by name.
        pairs, methods, frame: what it is of.
        reasons: why items failed, by stage (`maps`, `composites/METHOD`) and item.
    """
    data, rng = folder / "data", np.random.default_rng(0)
    write_atomic(data / "images.csv", csv_bytes(["image", "source"], images.items()))
    write_atomic(data / "pairs.csv", csv_bytes(*as_table(pairs)))
    yaw, length = rng.uniform(-40, 40, len(images)), rng.uniform(0.3, 1.4, len(images))
    known: dict[str, Any] = {"image": list(images), "yaw": yaw, "hair_length": length, "hat": "no", "glasses": "no"}
    of_images = pd.DataFrame(known).reindex(columns=list(IMAGE_COLUMNS))
    thirds = [DIFFICULTY[k % 3] for k in range(len(pairs))]
    known = {
        "pair": [pair.pair for pair in pairs], "identity": [pair.identity for pair in pairs],
        "reference": [pair.images[-1] for pair in pairs], "yaw_gap": rng.uniform(0, 60, len(pairs)).round(1),
        "difficulty": thirds,
    }  # fmt: skip
    of_pairs = pd.DataFrame(known).reindex(columns=list(PAIR_COLUMNS))
    for name, strata in (("images", of_images), ("pairs", of_pairs)):
        write_atomic(data / "strata" / f"{name}.csv", table_bytes(strata))
    made = [f"aligned/{methods[0]}", *(f"composites/{method}" for method in methods)]
    params = run_params(methods)
    codes = recorded_codes(params["methods"], params["embed"]["start"])
    stages = {stage: list(images) for stage in ("faces", "maps", *(f"codes/{code}" for code in codes))}
    stages |= {stage: [pair.pair for pair in pairs] for stage in ("targets", *made)}
    for stage, names in stages.items():
        failed = (reasons or {}).get(stage, {})
        items = [
            {"item": name, "status": "ok"} | ({"status": "failed", "reason": failed[name]} if name in failed else {})
            for name in names
        ]
        write_record(data / "records" / stage / "000.json", stage, [], weights={}, items=items)
    (folder / "reports").mkdir(parents=True, exist_ok=True)
    table.write(frame, folder / "reports" / "metrics.parquet")


def drawn_pairs(count: int, images: Sequence[str]) -> list[Pair]:
    """Pairs of all images in turn."""
    both = itertools.cycle(itertools.permutations(images, 2))
    return [Pair(f"pair-{k:04d}", a, {"hair": b}) for k, (a, b) in zip(range(count), both, strict=False)]


def repeat_pictures(
    source: Path, folder: Path, images: Sequence[str], pairs: Sequence[Pair], methods: Sequence[str]
) -> None:
    """The pictures of a gallery under the names of other images, pairs and methods, and the records of them."""
    names, out = [pair.pair for pair in pairs], folder / "reports" / "gallery"
    of_images = {"faces": ["images/faces", "thumbs/faces", "images/maps"]}
    of_images["reconstructions/fs"] = ["images/reconstructions/fs", "images/reconstruction-errors/fs"]
    of_pairs = {"targets": ["images/targets", "thumbs/targets"]}
    for method in methods:
        places = ("images/composites", "thumbs/composites", "images/errors")
        of_pairs[f"composites/{method}"] = [f"{place}/{method}" for place in places]
    aligned = f"images/aligned/{methods[0]}"
    of_pairs[f"composites/{methods[0]}"].append(aligned)
    for kind, places in (of_images | of_pairs).items():
        items, files = images if kind in of_images else names, {}
        for place in places:
            shown = [f"{name}-{k}" for name in items for k in (0, 1)] if place == aligned else items
            files |= _linked(_like(source, place), out / place, shown, folder)
        body = {"stage": f"pictures-{kind}", "files": files, "weights": {}}
        body["items"] = [{"item": name, "status": "ok"} for name in items]
        write_json(folder / "data" / "records" / "pictures" / kind / "000.json", sealed(body))


def _like(source: Path, place: str) -> Path:
    """The folder of a place in the other gallery; of a method that this has not, that of one that it has."""
    if (source / place).is_dir():
        return source / place
    return sorted(path for path in (source / place).parent.iterdir() if path.is_dir())[-1]


def _linked(given: Path, out: Path, names: Sequence[str], folder: Path) -> dict[str, str]:
    """Files in turn under other names; their digests by their paths below a folder."""
    out.mkdir(parents=True, exist_ok=True)
    files = {path: sha256_file(path) for path in sorted(given.glob("*.webp"))}
    found = {}
    for name, path in zip(names, itertools.cycle(files), strict=False):
        os.link(path, out / f"{name}.webp")
        found[str((out / f"{name}.webp").relative_to(folder))] = files[path]
    return found


def make(folder: Path, params: Mapping[str, Any]) -> float:
    """Seconds in which the stage makes the pages."""
    command = [
        sys.executable, "-m", "stages.gallery", "--params", canonical(params), "--scheme", SCHEME,
        "--metrics", "reports/metrics.parquet", "--images", "data/images.csv", "--pairs", "data/pairs.csv",
        "--data", "data", "--out", "reports", "--record", "data/records/gallery.json",
    ]  # fmt: skip
    began = time.perf_counter()
    here = str(Path(__file__).parent.parent)
    subprocess.run(command, cwd=folder, check=True, env=os.environ | {"PYTHONPATH": here})
    return time.perf_counter() - began


FIRST_PICTURE = """
  const seen = () => {
    const image = document.querySelector(".row img");
    if (image && image.complete && image.naturalWidth) window.firstPicture = performance.now();
    else requestAnimationFrame(seen);
  };
  requestAnimationFrame(seen);
"""
SORT = """async ([metric]) => {
  const turn = document.documentElement.dataset.shown;
  const select = document.getElementById("choose-sort");
  select.value = metric;
  const began = performance.now();
  select.dispatchEvent(new Event("change"));
  while (document.documentElement.dataset.shown === turn) await new Promise((next) => setTimeout(next));
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def timed(page_file: Path, metrics: Sequence[str]) -> dict[str, float]:
    """Milliseconds in Chromium: first picture, a sort with and without a column to load; and rows that exist."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        return {}
    first, loading, again, rows = [], [], [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(3):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(FIRST_PICTURE)
            page.goto(page_file.absolute().as_uri())
            # Not `wait_for_function`: the page forbids what Playwright does for it.
            while not page.evaluate("window.firstPicture ?? null"):
                time.sleep(0.05)
            first.append(page.evaluate("window.firstPicture"))
            loading += [page.evaluate(SORT, [metric]) for metric in metrics]
            again += [page.evaluate(SORT, [metric]) for metric in metrics]
            rows = page.locator(".row").count()
            page.close()
        browser.close()
    return {
        "first picture": statistics.median(first), "slowest first picture": max(first),
        "sort, column loaded": statistics.median(loading), "slowest such": max(loading),
        "sort": statistics.median(again), "slowest sort": max(again), "rows on the page": rows,
    }  # fmt: skip


def main(
    pairs: Annotated[int, typer.Option(min=1)] = 3000,
    methods: Annotated[int, typer.Option(min=1)] = 6,
    images: Annotated[int, typer.Option(min=1)] = 1000,
    run: Annotated[Path, typer.Option(help="folder of a run with a gallery")] = Path(),
    keep: Annotated[Path | None, typer.Option(help="where to leave the gallery")] = None,
) -> None:
    """Make a gallery and print its sizes and times."""
    if not (run / "reports" / "gallery" / "images" / "composites").is_dir():
        raise typer.BadParameter(f"{run} holds no finished run with pictures; run snakemake there, or name one: --run")
    names = [f"image-{k:04d}" for k in range(images)]
    called = ["barbershop", "baseline", "copy_paste", "poisson", *(f"method_{k}" for k in range(methods))][:methods]
    listed = drawn_pairs(pairs, names)
    frame = drawn_table(listed, called, METRICS, FAILING, 0)
    with tempfile.TemporaryDirectory(dir=run / ".cache") as made:  # on the same disk: pictures are links
        folder = keep or Path(made)
        write_run(folder, dict.fromkeys(names, "drawn"), listed, called, frame)
        repeat_pictures((run / "reports" / "gallery").absolute(), folder.absolute(), names, listed, called)
        seconds = make(folder, run_params(called))
        reports = folder / "reports"
        beside = [
            reports / "gallery.html",
            *(reports / "gallery" / "page").iterdir(),
            *(reports / "gallery" / "data").iterdir(),
        ]
        print(f"{pairs:,} pairs, {methods} methods, {METRICS} metrics, {images:,} images")
        print(f"pages made in {seconds:.1f} s")
        print(f"page without pictures {sum(path.stat().st_size for path in beside) / 1e6:.2f} MB")
        print(f"gallery-mail.html {(reports / 'gallery-mail.html').stat().st_size / 1e6:.2f} MB")
        sorts = sorted({name for name in frame["metric"] if name.startswith("metric")})[:SORTS]
        for what, value in timed(reports / "gallery.html", sorts).items():
            print(f"{what} {value:.0f}" + (" ms" if "rows" not in what else ""))


if __name__ == "__main__":
    typer.run(main)
