"""Stage `target`: the label map that the composite of a pair should have."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stages.command import Log, log_to, run_stage, section
from stages.config import read_faces, read_pairs
from stages.errors import ItemError
from stages.files import label_map_bytes, read_label_map
from stages.items import Item, Result, run_items
from stages.regions.labels import CELEBAMASK_19
from stages.regions.pair import Pair
from stages.regions.target import compose


def main(
    params: Annotated[Any, typer.Option(parser=section("target"), help="section `target` of params.yaml, as JSON")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    out: Annotated[Path, typer.Option(help="folder of the target maps")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Unite the regions that a pair takes from its references and fill the holes."""
    log_to(log)
    scheme = CELEBAMASK_19
    listed: dict[str, Pair] = {p.pair: p for p in read_pairs(pairs, [face.image for face in read_faces(images)])}
    items = [
        Item(
            pair.pair,
            {f"map{k}": maps / f"{image}.png" for k, image in enumerate(pair.references)},
            {"map": out / f"{pair.pair}.png"},
            pair.facts,
        )
        for pair in listed.values()
    ]

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        references = [read_label_map(path, scheme) for path in item.inputs.values()]
        target = compose(references, listed[item.name].taken(scheme), scheme, params["fill"])
        facts = {"holes": round(float(target.holes.mean()), 4)}
        return [Result({"map": label_map_bytes(target.labels, scheme)}, facts)]

    run_items("targets", "stages.target", items, params, {}, compute, record)


if __name__ == "__main__":
    run_stage(main)
