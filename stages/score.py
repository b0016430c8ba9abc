"""Stage `score`: every measurement, as one long table."""

import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import typer
from torch import Tensor

from stages.codes.reduction import area
from stages.command import Log, choose_device, log_to, run_stage, section
from stages.config import read_faces, read_pairs, reconstruction_folders
from stages.files import is_failed, read_label_map, read_rgb
from stages.metrics import fid, table
from stages.metrics.image import psnr, resize, rmse, ssim
from stages.metrics.regions import iou, transfer_masks
from stages.metrics.sets import frechet
from stages.nets import Parser, Perceptual, load_parser, load_perceptual
from stages.records import check_below
from stages.regions.pair import Pair
from stages.tensors import from_rgb

logger = logging.getLogger(__name__)

DIRECTION = {"PSNR": "higher", "SSIM": "higher", "IoU": "higher"}  # of all others lower is better


class Value(NamedTuple):
    """One measurement; `item` is `*` for a set metric over `n` images."""

    item: str
    metric: str
    value: float
    n: int = 1


class Judges(NamedTuple):
    """What measures: the perceptual networks by name, the parser, and the features of the set metrics by name."""

    perceptuals: dict[str, Perceptual]
    parser: Parser
    set_features: dict[str, Callable[[Tensor], Tensor]]
    size: int
    device: torch.device


def measure(judges: Judges, a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> dict[str, float]:
    """Compare two images, uint8 (H, W, 3), at the judges' size, under a mask (H', W') in [0, 1] if one is given."""
    small_a, small_b = resize(a, judges.size), resize(b, judges.size)
    tensors = [torch.from_numpy(s).float().permute(2, 0, 1)[None].to(judges.device) * 2 - 1 for s in (small_a, small_b)]
    small_mask = tensor_mask = None
    if mask is not None:
        if not mask.any():
            return {}
        small_mask = _resize_mask(mask, judges.size)
        tensor_mask = torch.from_numpy(small_mask).float()[None, None].to(judges.device)
    values = {
        "RMSE": rmse(small_a, small_b, small_mask),
        "PSNR": psnr(small_a, small_b, small_mask),
        "SSIM": ssim(small_a, small_b, small_mask),
    }
    for name, net in judges.perceptuals.items():
        values[name] = net.distance(net.features(tensors[0]), net.features(tensors[1]), tensor_mask).item()
    return {f"{name}@{judges.size}": value for name, value in values.items()}


def _resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    factor = len(mask) // size
    if factor == 0:
        return np.kron(mask, np.ones((size // len(mask),) * 2))
    return mask.reshape(size, factor, size, factor).mean((1, 3))


def score_reconstruction(judges: Judges, faces: dict[str, Path], renders: Path) -> Iterator[Value]:
    """Yield the measurements of every face against its embedding, then the set metrics under `*`."""
    sets: dict[str, tuple[list[Tensor], list[Tensor]]] = {name: ([], []) for name in judges.set_features}
    for name, path in faces.items():
        render = renders / f"{name}.png"
        if is_failed(path) or is_failed(render):
            continue
        images = read_rgb(path), read_rgb(render)
        for metric, value in measure(judges, *images).items():
            yield Value(name, metric, value)
        _collect(judges, sets, images[:1], images[1])
    yield from _set_metrics(sets)


def score_transfer(
    judges: Judges, pairs: list[Pair], faces: dict[str, Path], maps: Path, targets: Path, composites: Path
) -> Iterator[Value]:
    """Yield the measurements of every composite, then the set metrics of sources against composites under `*`."""
    scheme = judges.parser.scheme
    sets: dict[str, tuple[list[Tensor], list[Tensor]]] = {name: ([], []) for name in judges.set_features}
    for pair in pairs:
        path = composites / f"{pair.pair}.png"
        if is_failed(path):
            continue
        composite = read_rgb(path)
        sources = [read_rgb(faces[image]) for image in pair.references]
        own = [read_label_map(maps / f"{image}.png", scheme) for image in pair.references]
        target = read_label_map(targets / f"{pair.pair}.png", scheme)
        masks = transfer_masks(pair, own, target, scheme)
        for metric, value in measure(judges, composite, sources[0], masks["kept"]).items():
            yield Value(pair.pair, f"kept {metric}", value)
        taken = [measure(judges, composite, s, m) for s, m in zip(sources[1:], masks["taken"], strict=True)]
        for metric in sorted({metric for values in taken for metric in values}):
            value = float(np.mean([values[metric] for values in taken if metric in values]))
            yield Value(pair.pair, f"taken {metric}", value)
        labels = judges.parser.logits(from_rgb(composite, judges.device)).argmax(1)[0].byte().cpu().numpy()
        moved = frozenset().union(*pair.taken(scheme)[1:], *pair.painted(scheme).values())
        yield Value(pair.pair, "taken IoU@512", iou(labels, target, moved))
        _collect(judges, sets, sources, composite)
    yield from _set_metrics(sets)


def _collect(judges: Judges, sets: dict[str, Any], sources: Any, result: np.ndarray) -> None:
    for name, features in judges.set_features.items():
        sets[name][0].extend(features(from_rgb(image, judges.device)) for image in sources)
        sets[name][1].append(features(from_rgb(result, judges.device)))


def _set_metrics(sets: dict[str, Any]) -> Iterator[Value]:
    for name, (a, b) in sets.items():
        if min(len(a), len(b)) >= 2:
            value = frechet(*(torch.cat(x).double().cpu().numpy() for x in (a, b)))
            yield Value(table.SUMMARY, name, value, len(b))


def load_judges(params: dict[str, Any], networks: list[Path], parser: Path, device: torch.device) -> Judges:
    """Load what measures; FID's Inception only if `score.inception` names its weights."""
    loaded = [load_perceptual(path, device) for path in networks]
    first, size = loaded[0], params["size"]

    def pooled_features(image: Tensor) -> Tensor:
        return first.features(area(image, size))[-1].mean((2, 3))

    # Not FID and never called so: another network, so other numbers.
    set_features = {f"Fréchet {first.name}@{size}": pooled_features}
    perceptuals = {net.name: net for net in loaded}
    if params["inception"] is not None:
        inception = fid.load_inception(Path(params["inception"]), device)
        set_features["FID"] = lambda image: fid.pool_features(inception, image)
    return Judges(perceptuals, load_parser(parser, device), set_features, size, device)


def main(
    params: Annotated[Any, typer.Option(parser=section("score"), help="section `score` of params.yaml, as JSON")],
    methods: Annotated[Any, typer.Option(parser=section("methods"), help="section `methods`, as JSON")],
    images: Annotated[Path, typer.Option(help="images.csv")],
    pairs: Annotated[Path, typer.Option(help="pairs.csv")],
    data: Annotated[Path, typer.Option(help="folder of the artifacts of all stages")],
    parser: Annotated[Path, typer.Option(help="weights of the face parser")],
    out: Annotated[Path, typer.Option(help="metrics.parquet to write")],
    networks: Annotated[list[Path], typer.Argument(help="weights of the perceptual networks that measure")],
    log: Log = None,
) -> None:
    """Measure reconstruction and transfer of every method."""
    log_to(log)
    names = [face.image for face in read_faces(images)]
    faces = {name: data / "faces" / f"{name}.png" for name in names}
    listed = read_pairs(pairs, names)
    read = ["faces", "maps", "targets", "reconstructions", *(f"composites/{method}" for method in methods)]
    check_below(data / folder for folder in read)
    judges = load_judges(params, networks, parser, choose_device())
    rows: list[dict[str, Any]] = []
    with torch.no_grad():
        folders = reconstruction_folders(methods)
        for method in methods:
            composites = data / "composites" / method
            protocols = {"transfer": score_transfer(judges, listed, faces, data / "maps", data / "targets", composites)}
            if method in folders:  # what is pasted embeds nothing
                renders = data / "reconstructions" / folders[method]
                protocols["reconstruction"] = score_reconstruction(judges, faces, renders)
            for protocol, values in protocols.items():
                logger.info("%s of %s", protocol, method)
                rows += [_row(protocol, method, value) for value in values]
    frame = pd.DataFrame(rows, columns=["protocol", "method", "item", "metric", "value", "n", "direction"])
    sets = frame[frame["item"] == table.SUMMARY].assign(low=math.nan, high=math.nan, excluded=0)
    items = frame[frame["item"] != table.SUMMARY]
    options = {key: params[key] for key in ("level", "resamples", "seed")}
    table.write(pd.concat([table.summarise(items, **options), sets]), out)
    logger.info("%d rows in %s", len(frame), out)


def _row(protocol: str, method: str, measured: Value) -> dict[str, Any]:
    kind = measured.metric.removeprefix("kept ").removeprefix("taken ").split("@")[0]
    return {"protocol": protocol, "method": method, **measured._asdict(), "direction": DIRECTION.get(kind, "lower")}


if __name__ == "__main__":
    run_stage(main)
