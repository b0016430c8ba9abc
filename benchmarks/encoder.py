"""The project's encoder by skin tone: how near its code alone is, on drawn faces of no training and on photos.

    python -m benchmarks.encoder photo.png another.png --draws 96

The tone is that of `stages.strata`: an angle of the picture's skin, which light and white balance are part of. It needs
the embedded networks in data/weights, the encoder's too. Photos are square and aligned.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
import yaml
from torch import Tensor
from tqdm import tqdm

from stages.codes.encoder_training import Teacher
from stages.codes.reduction import area
from stages.formats.images import read_rgb
from stages.formats.tensors import from_rgb, to_image
from stages.nets.device import choose_device
from stages.nets.encoder_net import IMAGE_SIZE
from stages.nets.loading import load_encoder, load_generator, load_parser, load_perceptual
from stages.strata.classes import TONE, classed
from stages.strata.measures import skin_tone
from stages.train_encoder import AWAY, figures

WEIGHTS = Path("data/weights")


@torch.no_grad()
def main(
    photos: Annotated[list[Path] | None, typer.Argument(help="square, aligned photos")] = None,
    draws: Annotated[int, typer.Option(min=0, help="drawn faces beside them")] = 96,
) -> None:
    """Print means over draws of each class of tone, and a row a photo."""
    networks, device = yaml.safe_load(Path("params.yaml").read_text())["networks"], choose_device()
    generator = load_generator(WEIGHTS / f"{networks['generator']}.safetensors", device)
    perceptual = load_perceptual(WEIGHTS / f"{networks['perceptual']}.safetensors", device)
    parser = load_parser(WEIGHTS / f"{networks['parser']}.safetensors", device)
    encoder = load_encoder(WEIGHTS / "encoder.safetensors", device)

    def row(image: Tensor) -> dict[str, float]:
        labels = parser.logits(image).argmax(1)[0].cpu().numpy()
        pixels = np.asarray(to_image(area(image, parser.size)[0]))
        skin = labels == parser.scheme["skin"]
        decibels, distance = figures(encoder, perceptual, generator, area(image, IMAGE_SIZE))
        return {"tone": skin_tone(pixels, skin), "PSNR": decibels, perceptual.name: distance}

    teacher = Teacher(generator, generator, perceptual, 2 * AWAY)
    drawn = [row(generator.synthesis(w[None]).clamp(-1, 1)) for w in tqdm(teacher.codes(draws))]
    if drawn:
        table = pd.DataFrame(drawn)
        table["class"] = classed(table["tone"], TONE)
        means = table.groupby("class").mean()
        means.insert(0, "faces", table.groupby("class").size())
        print(means.sort_values("tone").round(4).to_string())
    if photos:
        named = [{"photo": path.stem} | row(from_rgb(read_rgb(path), device)) for path in photos]
        print(pd.DataFrame(named).round(4).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
