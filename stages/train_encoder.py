"""Stage `train_encoder`: train the project's own encoder for a generator, and write its weights with a model card.

    snakemake encoder        # data/trained/encoder.safetensors and encoder.md

`checkpoints.encoder` in params.yaml names the weights in use.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from stages.codes.embedding import render_code
from stages.codes.encoder_training import Teacher, train
from stages.codes.encoding import encoded
from stages.codes.reduction import area
from stages.codes.spoil import relit, spoiled
from stages.engine.command import TF32, Log, Precision, as_json, log_to, run_stage
from stages.engine.command import log as logger
from stages.engine.progress import Progress
from stages.errors import UserError
from stages.formats.files import write_atomic
from stages.formats.weight_files import network_of, weights_digest
from stages.metrics.psnr import psnr
from stages.nets.device import choose_device
from stages.nets.encoder_net import IMAGE_SIZE, FaceEncoder
from stages.nets.interfaces import Generator, Perceptual
from stages.nets.loading import load_generator, load_perceptual
from stages.nets.precision import chosen, lowered, name_of
from stages.nets.trained import halved
from stages.networks import encoder as entry
from stages.params.encoder_section import EncoderParams

HELD_OUT = 48  # draws of another seed, on which the card's figures are measured
AWAY = 1_000_003  # from the seed of training


def main(
    params: Annotated[
        EncoderParams, typer.Option(parser=as_json("encoder"), help="section `encoder` of params.yaml, as JSON")
    ],
    generator: Annotated[Path, typer.Option(help="weights of the generator whose codes it gives")],
    perceptual: Annotated[Path, typer.Option(help="weights of the perceptual network that it reads")],
    out: Annotated[Path, typer.Option(help="weight file to write, in half precision")],
    card: Annotated[Path, typer.Option(help="model card to write")],
    precision: Precision,
    tf32: TF32 = False,
    log: Log = None,
) -> None:
    """Train the encoder on drawn faces, and measure it on others."""
    log_to(log)
    check_fits(generator, perceptual)
    device = choose_device(tf32)
    dtype = chosen(precision, device)
    exact, features = load_generator(generator, device), load_perceptual(perceptual, device)
    teacher = Teacher(exact, lowered(exact, dtype), lowered(features, dtype), params["seed"])
    encoder = train(teacher, params, dtype, Progress("encoder"), Progress("faces to learn from"))
    facts = {name: str(getattr(encoder, name)) for name in entry.SIZES}
    origin = {"network": "encoder", "licence": entry.LICENCE, "generator": weights_digest(generator), **facts}
    weights = halved(encoder, origin)
    logger.info("measuring it on %d faces that it has not seen, each in three ways", HELD_OUT)
    teacher.gaussian.manual_seed(params["seed"] + AWAY)
    table = {name: figures(encoder, features, exact, images) for name, images in held_out(teacher).items()}
    write_atomic(out, weights)
    write_atomic(card, model_card(params, table, encoder, teacher.drawn, name_of(dtype), origin).encode())
    logger.info("%s and %s: %s", out, card, "; ".join(f"{name} {row[0]:.2f} dB" for name, row in table.items()))


def check_fits(generator: Path, perceptual: Path) -> None:
    """Raises UserError if the networks are not those that the encoder is for."""
    for path, wanted in ((generator, entry.ENTRY.generator), (perceptual, entry.ENTRY.reads)):
        if (holds := network_of(path)) != wanted:
            raise UserError(f"{path}: holds {holds}, and the encoder is for {wanted}; set it in section networks")


@torch.no_grad()
def held_out(teacher: Teacher) -> Mapping[str, Tensor]:
    """Drawn faces that training has not seen: as they are, spoiled, and in another light."""
    ws = teacher.codes(HELD_OUT)
    images = torch.cat([area(teacher.exact.synthesis(w[None], teacher.size), IMAGE_SIZE) for w in ws]).clamp(-1, 1)
    return {
        "as drawn": images,
        "blurred, noisy, JPEG": spoiled(images, teacher.gaussian),
        "in another light": relit(images, teacher.gaussian),
    }


def decibels_of(a: Tensor, b: Tensor) -> float:
    """PSNR in dB of two images (1, 3, H, W) in [-1, 1]."""
    return psnr(*((x[0].permute(1, 2, 0).numpy() + 1) / 2 for x in (a, b)))


@torch.no_grad()
def figures(encoder: FaceEncoder, perceptual: Perceptual, generator: Generator, images: Tensor) -> tuple[float, float]:
    """Mean PSNR in dB and mean perceptual distance of what the codes of images (B, 3, 256, 256) render to."""
    decibels, distances = [], []
    for image in images.split(1):
        code = encoded(encoder, perceptual, generator, image)
        render = area(render_code(generator, code), IMAGE_SIZE).clamp(-1, 1)
        decibels.append(decibels_of(render, image))
        distances.append(float(perceptual.distance(perceptual.features(render), perceptual.features(image))))
    return float(np.mean(decibels)), float(np.mean(distances))


def model_card(
    params: EncoderParams,
    table: Mapping[str, tuple[float, float]],
    encoder: FaceEncoder,
    drawn: int,
    precision: str,
    origin: Mapping[str, str],
) -> str:
    """What the weights are, what they learned from, and the figures on held-out draws."""
    rows = "\n".join(f"| {name} | {decibels:.2f} | {distance:.4f} |" for name, (decibels, distance) in table.items())
    size = sum(tensor.numel() for tensor in encoder.state_dict().values())
    return CARD.format(
        size=size, drawn=drawn, how=HOW, settings=", ".join(f"{key} {value}" for key, value in params.items()),
        precision=precision, licence=origin["licence"], generator=origin["generator"][:16], held=HELD_OUT, rows=rows,
    )  # fmt: skip


HOW = "truncation 0.5 to 1, some with mixed styles; blurred, noisy, saved as JPEG, or in another light"
CARD = """# Encoder for MobileStyleGAN

Made by `snakemake encoder`. It gives F of an aligned face, which goes with the mean S, in one pass over the
features of ST-LPIPS-VGG.

| | |
| --- | --- |
| numbers | {size:,}, in half precision |
| learned from | {drawn:,} faces drawn by MobileStyleGAN (weights `{generator}`), {how}. No photo |
| settings | {settings}; {precision} |
| licence | {licence}. MobileStyleGAN learned from FFHQ, which is for non-commercial use |

{held} drawn faces that it has not seen, at 256 px:

| images | PSNR, dB | ST-LPIPS-VGG |
| --- | ---: | ---: |
{rows}
"""


if __name__ == "__main__":
    run_stage(main)
