"""Stage `chunks`: the pairs of each chunk, and what their images look like: what a job on pairs depends on.

A job on pairs reads the part of pairs.csv that it works on, and only files that its pairs name. So it runs again when
one of these files has changed, and not when anything else has. It need not look at them to know: their digests stand
beside the pairs.
"""

from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import FOLDER, check, forget_chunks, withdraw, write_record, written
from stages.formats.files import write_atomic, write_json
from stages.regions.pair import as_table
from stages.settings.chunks import chunked
from stages.settings.manifests import csv_bytes, listed_pairs

# Folders of records: of stages whose items are images and that jobs on pairs read, and of stages whose items are pairs.
OF_IMAGES = ("faces", "maps", "strata", "codes")
OF_PAIRS = (
    "targets", "aligned/*", "composites/*", "measured/pairs", "measured/composites/*", "previews/*", "pictures/targets",
    "pictures/composites/*",
)  # fmt: skip


def main(
    items: Annotated[int, typer.Option(min=1, help="jobs.items of params.yaml")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    out: Annotated[Path, typer.Option(help="folder to write: CHUNK.csv as pairs.csv, CHUNK.json with digests")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Divide the pairs into chunks."""
    log_to(log)
    listed = listed_pairs(pairs, images)
    check([pairs])
    chunks = chunked(listed, items)
    withdraw(record)
    digests: dict[str, dict[str, str]] = {}
    for path, entry in written(path for stage in OF_IMAGES for path in (FOLDER / stage).rglob("*.json")).files.items():
        if path.parts[1] in OF_IMAGES:  # no render: no job on pairs reads one
            digests.setdefault(path.stem, {})[str(path)] = entry.digest
    files = []
    for chunk, names in chunks.items():
        chosen = [listed[name] for name in names]
        used = sorted({image for pair in chosen for image in pair.images})
        files += [out / f"{chunk}.csv", out / f"{chunk}.json"]
        write_atomic(files[-2], csv_bytes(*as_table(chosen)))
        write_json(files[-1], {image: digests.get(image, {}) for image in used})
    for path in [*out.glob("*.csv"), *out.glob("*.json")]:
        if path not in files and not path.is_dir():
            path.unlink()
    write_record(record, "chunks", files)
    forget_chunks((folder for stage in OF_PAIRS for folder in FOLDER.glob(stage)), chunks.keys())
    logger.info("%d pairs in %d chunks", len(listed), len(chunks))


if __name__ == "__main__":
    run_stage(main)
