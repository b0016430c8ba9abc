"""`python -m benchmarks.plan`: how long Snakemake plans, by the number of faces and pairs.

In a checkout whose weights are made. Nothing is computed: the plan is that of a first run, with the default's methods.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer
import yaml

SIZES = ((120, 198), (250, 750), (500, 1500), (1000, 3000))


def plan(faces: int, pairs: int) -> tuple[float, float, int]:
    """Seconds, MiB of Snakemake at its peak, and jobs of `snakemake -n`."""
    with tempfile.TemporaryDirectory() as folder:
        scale = Path(folder, "scale.yaml")
        changes = {"faces": {"source": ["drawn"], "drawn": {"count": faces}}, "pairs": {"count": pairs}}
        scale.write_text(yaml.safe_dump(changes))
        command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--configfile", str(scale)]
        began, peak = time.monotonic(), 0
        with Path(folder, "said").open("w+") as said:
            process = psutil.Popen(command, stdout=said, stderr=said)
            while process.poll() is None:
                peak = max(peak, process.memory_info().rss)
                time.sleep(0.05)
            seconds = time.monotonic() - began
            said.seek(0)
            found = re.findall(r"^total +(\d+)$", said.read(), re.M)
    if process.returncode or not found:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds, peak / 2**20, int(found[-1])


def main(repeats: Annotated[int, typer.Option(min=1, help="plans of each size; the fastest counts")] = 3) -> None:
    """Print a row for each size, and by how much the last is slower than its share of the first would be."""
    print("| faces | pairs | jobs | seconds | MiB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    by_pairs = {}
    for faces, pairs in SIZES:
        seconds, memory, jobs = min(plan(faces, pairs) for _ in range(repeats))
        by_pairs[pairs] = seconds
        print(f"| {faces} | {pairs} | {jobs} | {seconds:.1f} | {memory:.0f} |")
    half, whole = by_pairs[1500], by_pairs[3000]
    print(f"\ntwice the pairs: {whole / half:.2f} times the seconds")


if __name__ == "__main__":
    typer.run(main)
