"""Quality against seconds: what fewer steps of the embedding give, and what its levers win.

    python -m benchmarks.curves photo.png another.png --figure docs/curves.png

Every point is a run of its own, as the rates fall with the share of the steps that is done: a multiple of the steps in
params.yaml; the same without previews, with as many exact steps in their place; with Adam's steps, not orthogonal ones;
and with its own betas besides, which remember more steps than there are. With `--long` also one run of 400 + 400 steps
of Adam as it is (`workflow/scales/long.yaml`), which tells what all that leaves on the table. The photos are square and
aligned. It needs the embedded networks (`snakemake weights`); they compute as `networks.precision` says. Seconds are of
one process that has the machine to itself.
"""

import time
from pathlib import Path
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import typer
import yaml
from tqdm import tqdm

from stages.codes.embedding import Objective, embed_fs, embed_w, render_code
from stages.codes.optimise import BETAS
from stages.formats.images import read_rgb
from stages.formats.tensors import from_rgb, to_image
from stages.metrics import perceptual as distance
from stages.metrics import psnr
from stages.nets.device import choose_device
from stages.nets.loading import load_generator, load_perceptual
from stages.nets.precision import chosen, lowered
from stages.scoring.judges import PreparedImage, load_judges

WEIGHTS = Path("data/weights")
SHARES = (0.25, 0.5, 1.0)
LONG = Path("workflow/scales/long.yaml")

Sections = tuple[dict[str, Any], dict[str, Any]]
"""Sections `embed.w` and `embed.fs`."""


def variants(params: dict[str, Any]) -> dict[str, Sections]:
    """The sections by what is done: as they are, or without some of the levers."""
    w, fs = params["w"], params["fs"]
    exact = {"preview_steps": 0, "steps": w["preview_steps"] + w["steps"]}
    adam = {"orthogonal": False}
    plain = adam | {"betas": BETAS}
    wide = {"rate": 0.05}  # which serves Adam better there
    return {
        "as in params.yaml": (w, fs),
        "without previews": (w | exact, fs),
        "Adam's steps": (w | wide | adam, fs | adam),
        "Adam's steps and betas": (w | wide | plain, fs | plain),
    }


def with_share(params: dict[str, Any], share: float) -> dict[str, Any]:
    """A section with a share of its steps."""
    return params | {key: round(share * params[key]) for key in ("preview_steps", "steps") if key in params}


def runs(params: dict[str, Any], long: bool) -> list[tuple[str, float, Sections]]:
    """What is run: its name, the share of its steps and its sections."""
    listed = [
        (name, share, (with_share(w, share), with_share(fs, share)))
        for name, (w, fs) in variants(params).items()
        for share in SHARES
    ]
    if long:
        other = yaml.safe_load(LONG.read_text())["embed"]
        listed.append(("400 + 400 of Adam's steps", 1.0, (params["w"] | other["w"], params["fs"] | other["fs"])))
    return listed


def main(
    photos: list[Path],
    figure: Annotated[Path | None, typer.Option(help="where the curves go")] = None,
    long: Annotated[bool, typer.Option("--long", help="400 + 400 steps too; ten minutes a photo")] = False,
) -> None:
    """Print means over the photos: seconds, PSNR and the perceptual networks' distance at the judges' size."""
    params, device = yaml.safe_load(Path("params.yaml").read_text()), choose_device()
    networks = params["networks"]
    weights = {name: WEIGHTS / f"{networks[name]}.safetensors" for name in ("generator", "parser", "perceptual")}
    exact, perceptual = load_generator(weights["generator"], device), load_perceptual(weights["perceptual"], device)
    dtype = chosen(networks["precision"], device)
    generator, loss = lowered(exact, dtype), lowered(perceptual, dtype)
    judging = [*(WEIGHTS / f"{name}.safetensors" for name in networks["judges"]), weights["parser"]]
    judges = load_judges(params["score"] | {"inception": None}, networks["judges"], judging, device)
    metrics = [(entry.names(judges.setup), entry.prepare(judges)) for entry in (psnr.ENTRY, distance.ENTRY)]
    prepared = [judges.prepare(read_rgb(path)) for path in photos]

    def quality(name: str, image: torch.Tensor, photo: PreparedImage) -> dict[str, float]:
        pair = judges.compare(judges.prepare(np.asarray(to_image(image[0]))), photo)
        values = {key: value for names, measure in metrics for key, value in zip(names, measure(pair), strict=True)}
        return {f"{name} {metric}": value for metric, value in values.items()}

    rows = []
    for variant, share, (w, fs) in tqdm(runs(params["embed"], long)):
        for photo in prepared:
            began = time.perf_counter()
            objective = Objective(generator, loss, from_rgb(photo.pixels, device), params["embed"]["variant"])
            ws, _ = embed_w(generator, objective, w)
            middle = time.perf_counter()
            code, _ = embed_fs(generator, objective, ws, fs)
            seconds = {"W+ seconds": middle - began, "FS seconds": time.perf_counter() - began}
            with torch.no_grad():
                values = quality("W+", exact.synthesis(ws), photo) | quality("FS", render_code(exact, code), photo)
            rows.append({"variant": variant, "share": share} | seconds | values)
    table = pd.DataFrame(rows).groupby(["variant", "share"], sort=False).mean().reset_index()
    print(f"{len(photos)} photos, {torch.get_num_threads()} threads, {dtype}; means")
    print(table.round(4).to_string(index=False))
    if figure is not None:
        draw(table[table["variant"].isin(variants(params["embed"]))], figure)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Metric against seconds: a panel for every metric of W+ and of FS."""
    metrics = [column for column in table.columns[2:] if not column.endswith("seconds")]
    grid, panels = plt.subplots(2, len(metrics) // 2, figsize=(3.6 * len(metrics) / 2, 5.6), constrained_layout=True)
    for panel, metric in zip(panels.flat, metrics, strict=True):
        for variant, curve in table.groupby("variant", sort=False):
            panel.plot(curve[f"{metric.split()[0]} seconds"], curve[metric], marker="o", label=variant)
        panel.set(xlabel="seconds an image", ylabel=metric)
        panel.set_ylim(bottom=0 if "PSNR" not in metric else None)
    panels.flat[0].legend(fontsize="small")
    grid.savefig(path, dpi=110)


if __name__ == "__main__":
    typer.run(main)
