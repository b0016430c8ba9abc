"""How time and memory grow with the number of pairs, and what the pipeline itself costs.

    python -m benchmarks.growth               # 12 and 24 pairs
    python -m benchmarks.growth --pairs 99    # 99 and 198

Two fresh clones of this repository run from start to report, the second with twice the images and pairs of the first.
Every optimisation has one step, so what is left is everything else. The pipeline's own seconds are those in which no
stage computes an item, measures or reports: Snakemake, starts of processes, imports, digests, the store. What share of
a run with all steps that is, follows from the seconds an item takes in this checkout, where the default job has run.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
import yaml

from stages.engine.stage_records import read_record

ONE_STEP = {
    "embed": {"w": {"preview_steps": 1, "steps": 1}, "fs": {"steps": 1}},
    "align": {"steps": 1, "reference_steps": 1},
    "blend": {"steps": 1},
}
IMAGES = 20 / 33  # a pair, as in the paper: 120 for 198


def clone(folder: Path, pairs: int) -> Path:
    """A fresh clone with the weights of this one, and the list of changes that make it small."""
    subprocess.run(["git", "clone", "--quiet", ".", str(folder)], check=True)
    for name in ("packages", "weights"):
        # Newer than the code, or Snakemake, which has made nothing here, would make them again.
        shutil.copytree(Path("data") / name, folder / "data" / name, copy_function=shutil.copy)
    faces = {"source": ["drawn"], "drawn": {"count": round(pairs * IMAGES)}}
    changes = folder / "growth.yaml"
    changes.write_text(yaml.safe_dump(ONE_STEP | {"faces": faces, "pairs": {"count": pairs}}))
    return changes


def run(folder: Path, changes: Path, *targets: str) -> float:
    """Seconds that Snakemake takes."""
    began = time.perf_counter()
    command = ["snakemake", *targets, "--cores", "1", "--quiet", "all", "--configfile", changes.name]
    subprocess.run([*command, "--resources", "gpu=1"], cwd=folder, check=True)
    return time.perf_counter() - began


def computed(folder: Path) -> Mapping[str, list[Mapping[str, Any]]]:
    """The items of every stage that computed some, as its record has them; what is measured is timed as a whole."""
    records = [read_record(path) for path in (folder / "data" / "records").rglob("*.json")]
    return {
        record["stage"]: [item for item in record["items"] if "seconds" in item]
        for record in records
        if "items" in record and not record["stage"].startswith("measured-")
    }


def main(pairs: Annotated[int, typer.Option(min=1, help="of the first run")] = 12) -> None:
    """Print seconds, memory and the ratio of both for `pairs` and twice as many."""
    usual = {
        stage: sum(item["seconds"] for item in items) / len(items) for stage, items in computed(Path()).items() if items
    }
    methods = yaml.safe_load(Path("params.yaml").read_text())["methods"]
    if missing := {"faces", "maps", "targets", "codes", *(f"composites-{name}" for name in methods)} - set(usual):
        raise SystemExit(
            f"no seconds of {', '.join(sorted(missing))}: run the default job here first, with an empty store"
        )
    rows = []
    for count in (pairs, 2 * pairs):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "run"
            changes = clone(folder, count)
            made, measured, reported = (run(folder, changes, *targets) for targets in (["composites"], ["score"], []))
            stages = computed(folder)
        items = [item for of_stage in stages.values() for item in of_stage]
        seconds, peak = sum(item["seconds"] for item in items), max(item["peak_mib"] for item in items)
        everything = sum(len(of_stage) * usual[stage] for stage, of_stage in stages.items()) + measured + reported
        own = made - seconds
        share = 100 * own / (own + everything)
        rows.append([count, made + measured + reported, seconds, measured, reported, own, share, peak])
    columns = ["pairs", "all, s", "items, s", "score, s", "report, s", "own, s", "own, % with all steps", "peak, MiB"]
    table = pd.DataFrame(rows, columns=columns)
    print(table.round(1).to_string(index=False))
    print("ratio", (table.iloc[1] / table.iloc[0]).round(2).to_dict())


if __name__ == "__main__":
    typer.run(main)
