"""Stage `images`: which faces there are and where each comes from, as images.csv."""

from pathlib import Path
from typing import Annotated

import typer

from stages.engine.command import Log, as_json, log_to, names_in, run_stage
from stages.engine.command import log as logger
from stages.engine.stage_records import FOLDER, forget_chunks, withdraw, write_record
from stages.formats.files import write_atomic
from stages.params.faces_to_targets import FacesParams
from stages.settings.manifests import csv_bytes, face_sources, origin

STAGES = (  # of images
    "faces", "maps", "strata", "measured/images", "codes/*", "measured/reconstructions/*", "pictures/faces",
    "pictures/reconstructions/*",
)  # fmt: skip


def main(
    params: Annotated[
        FacesParams, typer.Option(parser=as_json("faces"), help="section `faces` of params.yaml, as JSON")
    ],
    out: Annotated[Path, typer.Option(help="images.csv to write")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    chunks: Annotated[frozenset[str], typer.Option(parser=names_in, help="names of the chunks of images, with commas")],
    log: Log = None,
) -> None:
    """Write the names of all faces, and the photo of each."""
    log_to(log)
    withdraw(record)
    sources = face_sources(params)
    write_atomic(out, csv_bytes(["image", "source"], ((name, origin(path)) for name, path in sources.items())))
    write_record(record, "images", [out])
    forget_chunks((folder for stage in STAGES for folder in FOLDER.glob(stage)), chunks)
    logger.info("%d images", len(sources))


if __name__ == "__main__":
    run_stage(main)
