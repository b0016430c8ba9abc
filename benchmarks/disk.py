"""`python -m benchmarks.disk`: what a finished run leaves on the disk, by stage, and for a pair and method.

In the folder of the run. A file that `data` and the store share counts once. Blocks that two files share (btrfs, XFS,
APFS) look like two from outside, so there less is used than this says.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stages.engine.item_store import ROOT
from stages.engine.stage_records import FOLDER

MIB = 2**20
BLOCK = 512  # bytes, the unit of st_blocks
OF_METHODS = ("aligned", "composites", "measured-composites")  # stages whose items are of a pair and a method


def files(record: Mapping[str, Any]) -> Iterator[Path]:
    """What a record lists, and what the store holds of its items."""
    yield from map(Path, record["files"])
    for item in record["items"]:
        if "key" in item:
            yield from (ROOT / record["stage"] / item["key"]).glob("*")


def held() -> dict[str, tuple[int, int]]:
    """Items of each stage, and the bytes that they take."""
    seen: set[tuple[int, int]] = set()
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for path in sorted(FOLDER.rglob("*.json")):
        record = json.loads(path.read_text())
        if "items" not in record:
            continue
        of_files = [os.stat(file) for file in files(record) if file.exists()]
        new = {(stat.st_dev, stat.st_ino): stat.st_blocks * BLOCK for stat in of_files}
        taken = sum(size for inode, size in new.items() if inode not in seen)
        seen |= new.keys()
        items, size = found[record["stage"]]
        found[record["stage"]] = (items + len(record["items"]), size + taken)
    return dict(found)


def main() -> None:
    """Print a row for each stage, then one for each method."""
    stages = held()
    print("| stage | items | MiB an item |\n| --- | ---: | ---: |")
    for stage, (items, size) in stages.items():
        print(f"| {stage} | {items} | {size / items / MIB:.2f} |")
    methods = dict.fromkeys(name.removeprefix("composites-") for name in stages if name.startswith("composites-"))
    print("\n| method | MiB a pair |\n| --- | ---: |")
    for method in methods:
        parts = [stages[name] for kind in OF_METHODS if (name := f"{kind}-{method}") in stages]
        print(f"| {method} | {sum(size / items for items, size in parts) / MIB:.2f} |")


if __name__ == "__main__":
    main()
