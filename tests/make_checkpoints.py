"""Write checkpoints of random but sane weights in the official layouts.

    PYTHONPATH=. python tests/make_checkpoints.py data/checkpoints

With them whoever has no checkpoint can run `workflow/scales/official.yaml`, the encoders, and with `--translators` SEAN
and StarGAN v2 end to end; the pictures mean nothing. `tests/workflow/test_checkpoint_methods.py` does it.
"""

import re
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from golden import bisenet_value, encoder_value, filled, vectors
from golden_translators import sean_value, starganv2_value
from torch import Tensor

from stages.nets.bisenet import BiSeNet
from stages.nets.psp_net import ENCODERS
from stages.nets.sean_net import SEAN
from stages.nets.starganv2_net import StarGANv2
from stages.nets.stylegan2_net import StyleGAN2
from stages.regions.labels import CELEBAMASK_16

STATISTICS = ("mean_w", "pca_mean", "pca_components", "pca_stdev")


def stylegan2_checkpoint(size: int, seed: int = 0) -> dict[str, dict[str, Tensor] | Tensor]:
    """`g_ema` and `latent_avg` of a StyleGAN2 as at the start of training, but with weaker RGB outputs."""
    net, gaussian = StyleGAN2(size), torch.Generator().manual_seed(seed)
    state = {key: tensor for key, tensor in net.state_dict().items() if key not in STATISTICS}
    for key, tensor in state.items():
        noise = torch.randn(tensor.shape, generator=gaussian)
        if key.startswith("style."):
            state[key] = 100 * noise if key.endswith("weight") else 0 * noise  # stored divided by the rate, 0.01
        elif key.endswith("modulation.bias"):
            state[key] = torch.ones_like(tensor)
        elif key.startswith("to_rgb") and key.endswith("conv.weight"):
            state[key] = 0.1 * noise
        elif key.endswith(("noise.weight", "bias")):
            state[key] = 0.05 * noise
        elif not key.endswith("kernel"):
            state[key] = noise
    net.load_state_dict(state, strict=False)
    return {"g_ema": state, "latent_avg": net.map(torch.randn(4096, 512, generator=gaussian)).mean(0)}


def bisenet16_checkpoint() -> dict[str, Tensor]:
    """A BiSeNet-16 with the weights of the golden vectors' recipe."""
    return filled(BiSeNet(CELEBAMASK_16).state_dict(), bisenet_value)[0]


def sean_checkpoint() -> dict[str, Tensor]:
    """A SEAN with the weights of the golden vectors' recipe, 1.1 GB."""
    with torch.device("meta"):
        state = SEAN().state_dict()
    return filled(state, sean_value)[0]


def starganv2_checkpoint() -> dict[str, dict[str, Tensor]]:
    """The four networks of StarGAN v2 with the weights of the golden vectors' recipe, 0.3 GB."""
    state = {key.replace(".", "/", 1): tensor for key, tensor in StarGANv2().state_dict().items()}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in filled(state, starganv2_value)[0].items():
        part, _, key = name.partition("/")
        parts.setdefault(part, {})[key] = tensor
    return parts


def mean_landmarks() -> np.ndarray:
    """The mean landmarks (98, 2) that the golden vectors' authors made up, float32, in px."""
    return vectors("starganv2")["align_ref"].numpy()


def encoder_checkpoint(kind: str, generator: dict[str, Tensor], mean_w: Tensor) -> dict[str, object]:
    """An encoder with the weights of the golden vectors' recipe around a generator, `g_ema` of its checkpoint.

    All heads have the convolutions of the last one. So the file has 0.2 GB, not 1.

    Args:
        kind: `GradualStyleEncoder` or `Encoder4Editing`.
        generator: of any size; without its noise, which says the size, the encoder has 2 rows.
        mean_w: (512,).
    """
    rows = max(2, sum(key.startswith("noises.") for key in generator) + 1)
    with torch.device("meta"):
        empty = ENCODERS[kind](rows).state_dict()
    shared = {key: re.sub(r"^styles\.\d+\.convs", f"styles.{rows - 1}.convs", key) for key in empty}
    own, _ = filled({key: empty[key] for key in {*shared.values()} - {"latent_avg"}}, encoder_value)
    encoder = {f"encoder.{key}": own[shared[key]] for key in empty if key != "latent_avg"}
    return {
        "state_dict": encoder | {f"decoder.{key}": tensor for key, tensor in generator.items()},
        "latent_avg": mean_w.repeat(rows, 1),
        "opts": {"encoder_type": kind, "start_from_latent_avg": True},
    }


@torch.no_grad()
def main(
    folder: Annotated[Path, typer.Argument(help="where the files are written, by their usual names")],
    size: Annotated[int, typer.Option(help="px of the generator's images")] = 128,
    translators: Annotated[bool, typer.Option(help="also SEAN's and StarGAN v2's three files, 1.4 GB")] = False,
) -> None:
    """Write ffhq.pt, seg.pth, psp_ffhq_encode.pt and e4e_ffhq_encode.pt, and those of SEAN and StarGAN v2 if asked."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = stylegan2_checkpoint(size)
    torch.save(generator, folder / "ffhq.pt")
    for kind, file in (("GradualStyleEncoder", "psp_ffhq_encode.pt"), ("Encoder4Editing", "e4e_ffhq_encode.pt")):
        torch.save(encoder_checkpoint(kind, generator["g_ema"], generator["latent_avg"]), folder / file)
    torch.save(bisenet16_checkpoint(), folder / "seg.pth")
    if translators:
        torch.save(sean_checkpoint(), folder / "latest_net_G.pth")
        torch.save(starganv2_checkpoint(), folder / "100000_nets_ema.ckpt")
        np.savez(folder / "celeba_lm_mean.npz", mean=mean_landmarks())


if __name__ == "__main__":
    typer.run(main)
