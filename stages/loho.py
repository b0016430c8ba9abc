"""Stage `loho`: the composites of LOHO (Saha et al., CVPR 2021) on the same pairs and networks."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image

from stages.codes.loho import Shown, loho
from stages.engine.command import Log, Precision, Scheme, log_to, run_stage, section
from stages.engine.inputs import Inputs
from stages.engine.items import Item, Result, items_of_pairs, run_items
from stages.engine.progress import Progress
from stages.errors import ItemError
from stages.formats.images import png_bytes, read_rgb
from stages.formats.label_maps import read_label_map
from stages.formats.tensors import to_image
from stages.nets import load_generator, load_parser, load_perceptual
from stages.nets.device import choose_device
from stages.nets.precision import chosen, lowered
from stages.regions.masks import region_mask
from stages.regions.pasting import soft_blend, without_foreground
from stages.settings.manifests import check_hair_only, listed_pairs

MARGIN = 8  # px at 512 px around the identity's hair and face that the inpainted background replaces too
SOFT = 3.0  # px at 512 px, of the border between the generated image and the background


def main(
    params: Annotated[Any, typer.Option(parser=section("loho"), help="section `loho` of params.yaml, as JSON")],
    method: Annotated[str, typer.Option(help="name of the method, for the record")],
    scheme: Scheme,
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    maps: Annotated[Path, typer.Option(help="folder of the label maps")],
    targets: Annotated[Path, typer.Option(help="folder of the target maps")],
    generator: Annotated[Path, typer.Option(help="weights of the generator")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network")],
    out: Annotated[Path, typer.Option(help="folder of the composites")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    precision: Precision,
    log: Log = None,
) -> None:
    """Optimise W+ and noise for every pair, and lay hair and face over the identity's background."""
    log_to(log)
    listed = listed_pairs(pairs, images)
    check_hair_only(listed.values(), "LOHO", looks=True)
    items = items_of_pairs(listed.values(), faces, maps, targets, out)
    device = choose_device()
    inputs = Inputs(device, scheme)
    dtype = chosen(precision, device)
    exact = cache(lambda: load_generator(generator, device))

    @cache
    def nets() -> tuple[Any, ...]:
        loaded = (exact(), load_parser(parser, device), load_perceptual(perceptual, device))
        return tuple(lowered(net, dtype) for net in loaded)

    def shown(batch: Sequence[Item], k: int, region: str) -> Shown:
        labels = inputs.labels(batch, f"map{k}")
        return Shown(inputs.faces(batch, f"face{k}"), region_mask(labels, scheme.indices(region)))

    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        pair = listed[batch[0].name]  # pairs of a batch have the same columns
        face, hair = shown(batch, 0, "face"), shown(batch, 1, "hair")
        look = shown(batch, pair.images.index(pair.appearance["hair"]), "hair") if pair.appearance else hair
        progress = Progress(f"{method} " + ", ".join(item.name for item in batch))
        ws, noise, outcome = loho(*nets(), face, hair, look, params, progress)
        results: list[Result | ItemError] = []
        for i, failure in enumerate(outcome.failures):
            if failure:
                results.append(ItemError(failure))
                continue
            with torch.no_grad():
                image = to_image(exact().synthesis(ws[i : i + 1], noise=[n[i : i + 1] for n in noise])[0])
            composite = composed(np.asarray(image), batch[i])
            results.append(Result({"image": png_bytes(Image.fromarray(composite))}, {"losses": outcome.of(i)}))
        return results

    def composed(image: np.ndarray, item: Item) -> np.ndarray:
        labels, target = (read_label_map(item.inputs[role], scheme) for role in ("map0", "target"))
        in_front = [*scheme.indices("hair"), *scheme.indices("face")]
        background = without_foreground(read_rgb(item.inputs["face0"]), np.isin(labels, in_front), MARGIN)
        return soft_blend(image, background, np.isin(target, in_front), SOFT)

    weights = {"generator": generator, "parser": parser, "perceptual": perceptual}
    decisive = {key: value for key, value in params.items() if key != "batch"} | {"precision": precision}
    run_items(
        f"composites-{method}", "stages.loho", items, decisive, weights, compute, record, params["batch"],
        read_ahead=inputs.read_ahead,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
