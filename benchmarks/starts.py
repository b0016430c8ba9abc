"""Where F and S begin: quality against seconds from W+, from the mean face and from the project's own encoder.

    python -m benchmarks.starts photo.png another.png --draws 12

Every point is a run of its own, since rates fall with the share of the steps that is done. Seconds are those of one
process that has the machine to itself, and hold what leads to the start. It needs the embedded networks
(`snakemake weights` in a checkout whose params.yaml uses the encoder). Photos are square and aligned.
"""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
import yaml
from torch import Tensor
from tqdm import tqdm

from stages.codes.embedding import FSCode, Objective, embed_fs, embed_w, render_code, w_to_code
from stages.codes.encoding import encoded
from stages.codes.reduction import area
from stages.formats.images import read_rgb
from stages.formats.tensors import from_rgb, to_image
from stages.nets.device import choose_device
from stages.nets.loading import load_encoder, load_generator, load_perceptual
from stages.nets.precision import chosen, lowered
from stages.train_encoder import decibels_of

WEIGHTS = Path("data/weights")
SEED = 12_345  # of the draws: of no face that a run draws by itself
TRUNCATION = 0.7
SIZES = (256, 1024)  # px: of the loss, and native


def main(
    photos: Annotated[list[Path] | None, typer.Argument(help="square, aligned photos")] = None,
    draws: Annotated[int, typer.Option(min=0, help="drawn faces beside them")] = 12,
    steps: Annotated[str, typer.Option(help="of F and S, with commas")] = "0,8,14,20,28",
) -> None:
    """Print means over photos and over draws for every start and number of steps."""
    params, device = yaml.safe_load(Path("params.yaml").read_text()), choose_device()
    networks, section = params["networks"], params["embed"]
    exact = load_generator(WEIGHTS / f"{networks['generator']}.safetensors", device)
    judges = {name: load_perceptual(WEIGHTS / f"{name}.safetensors", device) for name in networks["judges"]}
    perceptual = load_perceptual(WEIGHTS / f"{networks['perceptual']}.safetensors", device)
    encoder = load_encoder(WEIGHTS / "encoder.safetensors", device)
    dtype = chosen(networks["precision"], device)
    generator, loss = lowered(exact, dtype), lowered(perceptual, dtype)
    mean = exact.mean_w.repeat(1, exact.n_styles, 1)

    def start(name: str, objective: Objective, image: Tensor) -> tuple[Tensor, FSCode]:
        if name == "encoder":
            return mean, encoded(encoder, perceptual, exact, image)
        ws = embed_w(generator, objective, section["w"])[0] if name == "w" else mean
        return ws, w_to_code(generator, ws)

    def quality(code: FSCode, image: Tensor) -> dict[str, float]:
        render = from_rgb(np.array(to_image(render_code(exact, code)[0])), device)
        values = {}
        for size in SIZES:
            a, b = area(render, size), area(image, size)
            values[f"PSNR@{size}"] = decibels_of(a, b)
            for judge in judges.values():
                values[f"{judge.name}@{size}"] = float(judge.distance(judge.features(a), judge.features(b)))
        return values

    images = [("photo", from_rgb(read_rgb(path), device)) for path in photos or []]
    z = torch.randn(draws, 512, generator=torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        for w in torch.lerp(exact.mean_w, exact.map(z), TRUNCATION):
            drawn = exact.synthesis(w.expand(1, exact.n_styles, -1))
            images.append(("draw", from_rgb(np.array(to_image(drawn[0])), device)))
    rows = []
    for kind, image in tqdm(images):
        for name in ("w", "mean", "encoder"):
            began = time.perf_counter()
            with torch.no_grad() if name == "encoder" else torch.enable_grad():
                objective = Objective(generator, loss, image, section["variant"])
                ws, code = start(name, objective, image)
            led = time.perf_counter() - began
            for count in map(int, steps.split(",")):
                began = time.perf_counter()
                end, _ = embed_fs(generator, objective, ws, section["fs"] | {"steps": count}, None, code)
                seconds = led + time.perf_counter() - began
                with torch.no_grad():
                    rows.append({"of": kind, "start": name, "steps": count, "seconds": seconds} | quality(end, image))
    table = pd.DataFrame(rows).groupby(["of", "start", "steps"], sort=False).mean().reset_index()
    print(f"{len(images) - draws} photos, {draws} draws, {torch.get_num_threads()} threads, {dtype}; means")
    print(table.round(4).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
