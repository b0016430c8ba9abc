"""A run that is killed twice and goes on, against one that is not disturbed: are the tables equal, what is lost?

    python -m benchmarks.killed                       # 24 images and 40 pairs, default networks, one step each
    python -m benchmarks.killed --images 4 --pairs 4

Two fresh clones of this repository run from start to report, a job at a time. The second is killed after a random share
of the first one's time, with all its processes, and later again, Snakemake alone. Nobody clears up but by
`snakemake --unlock`, as docs/faults.md says. The pipeline's own seconds are those of the undisturbed run in which no
item is computed, and no table, report or gallery made of all: Snakemake, starts of processes, imports, the store. With
more jobs at a time they count a job's place that has nothing to do.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
import yaml

from benchmarks.growth import ONE_STEP, clone
from stages.engine.run_log import Reader
from stages.formats.files import sha256_file

CHANGES = "killed.yaml"
OF_ALL = ("score", "report", "gallery")  # jobs that make something of all items


class Done(NamedTuple):
    """A run: its seconds, how often each item of each stage was computed, seconds of the items and of `OF_ALL`."""

    seconds: float
    computed: Counter[tuple[str, str]]
    items_seconds: float
    of_all_seconds: float


def start(folder: Path, cores: int) -> "subprocess.Popen[bytes]":
    """Start Snakemake in a session of its own."""
    command = ["snakemake", "--cores", str(cores), "--resources", f"gpu={cores}", "--configfile", CHANGES]
    with (folder / "said.log").open("ab") as said:
        return subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, start_new_session=True)


def finish(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait for a run; raises SystemExit with its last words if it fails."""
    if process.wait():
        raise SystemExit(f"{folder}: {(folder / 'said.log').read_text()[-2000:]}")


def done(folder: Path, seconds: float) -> Done:
    """What the run logs of a folder tell."""
    lines = [line for path in (folder / "logs").glob("*/*.jsonl") for line in Reader(path).lines()]
    computed = [line for line in lines if line["state"] == "computed"]
    often = Counter((line["stage"], line["item"]) for line in computed)
    times = {
        (line["job"], line["state"]): datetime.fromisoformat(line["time"])
        for line in Reader(folder / "logs" / "run.jsonl").lines()
        if line.get("job") in OF_ALL
    }
    of_all = sum((times[job, "done"] - times[job, "submitted"]).total_seconds() for job in OF_ALL)
    return Done(seconds, often, sum(line["seconds"] for line in computed), of_all)


def results(folder: Path) -> dict[str, str]:
    """The digests of the table and of all that is made of items, by path."""
    data = folder / "data"
    kinds = ("faces", "maps", "codes", "targets", "aligned", "composites", "measured")
    files = [folder / "reports" / "metrics.parquet", *(path for kind in kinds for path in (data / kind).rglob("*"))]
    return {str(path.relative_to(folder)): sha256_file(path) for path in sorted(files) if path.is_file()}


def main(
    images: Annotated[int, typer.Option(min=1, help="number of drawn faces")] = 24,
    pairs: Annotated[int, typer.Option(min=1, help="number of pairs")] = 40,
    cores: Annotated[int, typer.Option(min=1, help="jobs at a time")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="of the times of the kills")] = 0,
) -> None:
    """Print both runs, and fail unless all that they made is equal."""
    changes = ONE_STEP | {"faces": {"source": ["drawn"], "drawn": {"count": images}}, "pairs": {"count": pairs}}
    shares = np.sort(np.random.default_rng(seed).uniform(0.1, 0.9, 2))
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary, name) for name in ("undisturbed", "killed")]
        for folder in folders:
            clone(folder, pairs)
            (folder / CHANGES).write_text(yaml.safe_dump(changes))
        whole, killed = folders
        began = time.monotonic()
        finish(start(whole, cores), whole)
        first = done(whole, time.monotonic() - began)
        print(f"undisturbed: {first.seconds:.0f} s", flush=True)
        began, waits = time.monotonic(), np.diff(shares, prepend=0) * first.seconds
        for kill, wait in zip((os.killpg, os.kill), waits, strict=True):
            process = start(killed, cores)
            time.sleep(wait)
            kill(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(2)  # without Snakemake its stages end within a second
            print(f"killed by {kill.__name__} after {wait:.0f} s", flush=True)
            subprocess.run(
                ["snakemake", "--unlock", "--configfile", CHANGES], cwd=killed, check=True, capture_output=True
            )
        finish(start(killed, cores), killed)
        second = done(killed, time.monotonic() - began)
        own, other = results(whole), results(killed)
    twice = sum(count - 1 for count in second.computed.values())
    columns = ["run", "seconds", "items", "computed", "seconds of items", f"of {', '.join(OF_ALL)}"]
    rows = [
        [name, round(run.seconds), len(run.computed), sum(run.computed.values()), *map(round, run[2:])]
        for name, run in (("undisturbed", first), ("killed twice", second))
    ]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False))
    overhead = cores * first.seconds - first.items_seconds - first.of_all_seconds
    print(f"{len(own)} files; computed again: {twice}; the pipeline's own: {overhead:.0f} s of a core")
    if own != other:
        unequal = sorted(name for name in own.keys() | other.keys() if own.get(name) != other.get(name))
        raise SystemExit(f"not equal: {', '.join(unequal[:9])}")
    print("table and artifacts are equal")


if __name__ == "__main__":
    typer.run(main)
