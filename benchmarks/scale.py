"""The pipeline without the arithmetic: plan, first run, idle run, and what a change costs, by the number of pairs.

    python -m benchmarks.scale                        # 1,000 images, 3,000 pairs, four methods
    python -m benchmarks.scale --images 120 --pairs 198 --folder scale    # is kept, and goes on if it is there

In a checkout where the smoke scale has run (`snakemake --configfile workflow/scales/smoke.yaml`). Snakemake, stages and
engine are the real ones, in a fresh clone. Only what computes an item is replaced: it gives what the smoke run has
stored, changed a little for each item (`benchmarks/stand_in`). The list of pairs is a file, as published lists are.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import psutil
import typer
import yaml

SCALE = "scale.yaml"
PAIRS = "list.csv"


class Took(NamedTuple):
    """What a call of Snakemake took: seconds, MiB at its peak without its jobs, jobs and computed items."""

    seconds: float
    mib: float
    jobs: int
    items: int


def clone(folder: Path) -> None:
    """A fresh clone with the weights of this one."""
    subprocess.run(["git", "clone", "--quiet", ".", str(folder)], check=True)
    for name in ("packages", "weights"):
        # Newer than the code, or Snakemake, which has made nothing here, would make them again.
        shutil.copytree(Path("data") / name, folder / "data" / name, copy_function=shutil.copy)


def write_scale(folder: Path, images: int, pairs: Sequence[tuple[int, int]], changes: Mapping[str, object]) -> None:
    """Write the list of pairs, by numbers of images, and the changes of params.yaml."""
    lines = [f"pair-{k:04d},drawn-{a:04d},drawn-{b:04d}\n" for k, (a, b) in enumerate(pairs)]
    (folder / PAIRS).write_text("pair,identity,hair\n" + "".join(lines))
    scale = {"faces": {"source": ["drawn"], "drawn": {"count": images}}, "pairs": {"file": PAIRS}, **changes}
    (folder / SCALE).write_text(yaml.safe_dump(scale))


def call(folder: Path, cores: int, *options: str) -> Took:
    """Run Snakemake in a clone. Raises SystemExit with what it said if it fails."""
    command = ["snakemake", "--cores", str(cores), "--resources", f"gpu={cores}", "--configfile", SCALE, *options]
    site = str(Path(__file__).parent / "stand_in")
    environment = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{Path.cwd()}", "STAND_IN": str(Path.cwd())}
    began, peak = time.monotonic(), 0
    with tempfile.TemporaryFile("w+") as said:
        process = psutil.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
        while process.poll() is None:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.1)
        seconds = time.monotonic() - began
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{text[-3000:]}")
    planned = re.findall(r"^total +(\d+)$", text, re.M)
    done = re.findall(r": (\d+) jobs?; \d+ stored, (\d+) computed items?", text)
    jobs, items = done[-1] if done else (planned[-1] if planned else 0, 0)
    return Took(seconds, peak / 2**20, int(jobs), int(items))


def files_below(folder: Path) -> tuple[int, float]:
    """Number of files that runs left, and MiB on the disk; a file under two names counts once."""
    paths = [
        path for name in (".cache", "data", "logs", "reports", ".snakemake") for path in (folder / name).rglob("*")
    ]
    sizes = {(s.st_dev, s.st_ino): s.st_blocks for s in (p.stat() for p in paths if p.is_file())}
    return len(sizes), sum(sizes.values()) * 512 / 2**20


def main(
    images: Annotated[int, typer.Option(min=1, help="number of images")] = 1000,
    pairs: Annotated[int, typer.Option(min=1, help="number of pairs")] = 3000,
    cores: Annotated[int, typer.Option(min=1, help="jobs at a time")] = 2,
    folder: Annotated[Path | None, typer.Option(help="where it runs, and stays; else in a temporary folder")] = None,
) -> None:
    """Print a row for each thing that a user does."""
    if not Path("data/records/measured/composites/barbershop").is_dir():
        raise typer.BadParameter("no finished smoke run here; snakemake --configfile workflow/scales/smoke.yaml")
    drawn = np.random.default_rng(0).choice(images * (images - 1), pairs, replace=False)
    listed = [(int(n) % images, (int(n) % images + 1 + int(n) // images) % images) for n in drawn]
    with nullcontext(folder) if folder else tempfile.TemporaryDirectory() as place:
        folder = Path(place, "run").resolve()
        if not folder.exists():
            clone(folder)
        print(f"{images} images, {pairs} pairs, four methods, {cores} jobs at a time\n", flush=True)
        print("| what | seconds | jobs | items computed | Snakemake, MiB |\n| --- | ---: | ---: | ---: | ---: |")

        def row(what: str, *options: str) -> None:
            took = call(folder, cores, *options)
            print(f"| {what} | {took.seconds:.1f} | {took.jobs} | {took.items} | {took.mib:.0f} |", flush=True)

        write_scale(folder, images, listed, {})
        row("plan of the first run", "-n", "--quiet", "all")
        row("first run")
        files, size = files_below(folder)
        row("idle run")
        write_scale(folder, images + 1, [*listed, (images, 0)], {})
        row("an image and a pair added")
        methods = yaml.safe_load((folder / "params.yaml").read_text())["methods"] | {"matte": {"kind": "matte"}}
        write_scale(folder, images + 1, [*listed, (images, 0)], {"methods": methods})
        row("a method added")
        changed = {"methods": methods, "blend": {"steps": 11}}
        write_scale(folder, images + 1, [*listed, (images, 0)], changed)
        row("blend.steps changed")
        print(f"\nafter the first run: {files} files, {size:.0f} MiB (small stand-ins for images and codes)")


if __name__ == "__main__":
    typer.run(main)
