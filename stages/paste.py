"""Stage `paste`: composites without a latent space, the cheap baselines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from stages.engine.command import Log, Scheme, log_to, run_stage, section
from stages.engine.items import Item, Result, items_of_pairs, run_items
from stages.errors import ItemError
from stages.formats.images import png_bytes, read_rgb
from stages.formats.label_maps import read_label_map
from stages.regions.labels import LabelScheme
from stages.regions.pair import Pair, shown
from stages.regions.pasting import paste, recolour
from stages.settings.manifests import listed_pairs


def pasted(
    pair: Pair, target: np.ndarray, maps: list[np.ndarray], photos: list[np.ndarray], scheme: LabelScheme, how: str
) -> np.ndarray:
    """The composite, uint8 (H, W, 3), of the target map (h, w) and the label maps and photos of the pair's images."""
    composite = photos[0]
    for k, labels in list(enumerate(pair.taken(scheme)))[1:]:
        composite = paste(composite, photos[k], shown(target, maps[k], labels), how)
    for k, labels in pair.painted(scheme).items():
        where, own = (np.isin(labelled, list(labels)) for labelled in (target, maps[k]))
        composite = recolour(composite, where, photos[k], own)
    return composite


def main(
    method: Annotated[Any, typer.Option(parser=section("methods"), help="one entry of `methods`, as JSON")],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    targets: Annotated[Path, typer.Option(help="folder of the target maps")],
    out: Annotated[Path, typer.Option(help="folder of the composites")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    log: Log = None,
) -> None:
    """Paste what is taken from each reference onto the identity, and match the colours of what gets another's look."""
    log_to(log)
    ((name, choice),) = method.items()
    listed = listed_pairs(pairs, images)
    items = items_of_pairs(listed.values(), faces, maps, targets, out)

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        results: list[Result | ItemError] = []
        for item in batch:
            pair, target = listed[item.name], read_label_map(item.inputs["target"], scheme)
            maps = [read_label_map(item.inputs[f"map{k}"], scheme) for k in range(len(pair.images))]
            photos = [read_rgb(item.inputs[f"face{k}"]) for k in range(len(pair.images))]
            composite = pasted(pair, target, maps, photos, scheme, choice["paste"])
            results.append(Result({"image": png_bytes(Image.fromarray(composite))}, {}))
        return results

    run_items(f"composites-{name}", "stages.paste", items, dict(choice), {}, compute, record)


if __name__ == "__main__":
    run_stage(main)
