"""Stage `parse`: label maps of the faces."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from stages.codes.reduction import area, bicubic
from stages.engine.command import TF32, Log, Names, as_json, log_to, run_stage
from stages.engine.items import Item, Result, run_items
from stages.errors import ItemError
from stages.formats.inputs import Inputs
from stages.formats.label_maps import label_map_bytes
from stages.nets.device import choose_device
from stages.nets.loading import load_parser
from stages.params.faces_to_targets import MapsParams
from stages.regions.labels import LabelScheme

MIN_FEATURE = 0.001  # share of the image; noses of FFHQ photos cover 0.018 to 0.023, mouths 0.008 to 0.02


def covered(labels: np.ndarray, scheme: LabelScheme, region: str) -> float:
    """Share of a label map (H, W) that a region of the scheme covers."""
    return float(np.isin(labels, scheme.indices(region)).mean())


def why_no_face(labels: np.ndarray, scheme: LabelScheme, min_face: float) -> str | None:
    """Why a label map shows no aligned face, or None if it does; with `min_face` 0 every map does.

    Skin alone does not make a face: the parser sees skin and hair in a cup of coffee, but no nose and no mouth.
    """
    if min_face == 0:
        return None
    share = covered(labels, scheme, "face")
    if share < min_face:
        return f"it covers {share:.1%} of the image and maps.min_face is {min_face:.1%}"
    missing = [region for region in ("nose", "mouth") if covered(labels, scheme, region) < MIN_FEATURE]
    return f"there is no {' and no '.join(missing)}" if missing else None


def main(
    params: Annotated[MapsParams, typer.Option(parser=as_json("maps"), help="section `maps` of params.yaml, as JSON")],
    names: Names,
    faces: Annotated[Path, typer.Option(help="folder of the faces")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser")],
    out: Annotated[Path, typer.Option(help="folder of the label maps")],
    record: Annotated[Path, typer.Option(help="record of the stage to write")],
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Parse every face to a label map of 512 px; an image without a face fails."""
    log_to(log)
    items = [Item(name, {"face": faces / f"{name}.png"}, {"map": out / f"{name}.png"}) for name in sorted(names)]
    device = choose_device(tf32)
    inputs = Inputs(device)
    net = cache(lambda: load_parser(parser, device))
    reduce = {"area": area, "bicubic": bicubic}[params["reduce"]]

    @torch.no_grad()
    def compute(batch: Sequence[Item]) -> list[Result | ItemError]:
        (item,) = batch
        scheme = net().scheme
        face = reduce(inputs.faces(batch, "face"), net().size)
        labels = net().logits(face).argmax(1)[0].byte().cpu().numpy()
        if reason := why_no_face(labels, scheme, params["min_face"]):
            path = item.inputs["face"]
            return [ItemError(f"{path}: no face found: {reason}; remove the photo or align it as FFHQ does")]
        share = covered(labels, scheme, "face")
        return [Result({"map": label_map_bytes(labels, scheme)}, {"face_share": round(share, 4)})]

    weights = {"parser": parser}
    run_items("maps", ["stages.parse"], items, params, weights, compute, record, read_ahead=inputs.read_ahead)


if __name__ == "__main__":
    run_stage(main)
