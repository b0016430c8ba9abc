"""StyleGAN2 on FFHQ, 1024 px (Karras et al. 2020), in rosinality's layout, as Barbershop's ffhq.pt has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import UserError
from stages.networks import HELP, Checkpoint, Network, Tensors

if TYPE_CHECKING:
    from stages.nets.stylegan2_net import StyleGAN2

STATISTICS = ("mean_w", "pca_mean", "pca_components", "pca_stdev")


def read(path: Path) -> tuple[Tensors, dict[str, str]]:
    """The weights from `g_ema` and `latent_avg`, with the statistics of the W space."""
    import torch

    from stages.formats.weight_files import check_layout
    from stages.nets.checkpoint_files import read_checkpoint, state_dict
    from stages.nets.pca import principal_components
    from stages.nets.stylegan2_net import StyleGAN2, size_of_state

    content = read_checkpoint(path)
    if not isinstance(content, dict) or not {"g_ema", "latent_avg"} <= content.keys():
        raise UserError(f"{path}: has no g_ema and latent_avg, the layout of Barbershop's ffhq.pt; {HELP}")
    state, mean_w = state_dict(path, content["g_ema"]), state_dict(path, {"latent_avg": content["latent_avg"]})
    check_layout(path, {"latent_avg": mean_w["latent_avg"].flatten()}, {"latent_avg": torch.empty(512)}, HELP)
    try:
        net = StyleGAN2(size_of_state(state))
    except ValueError as error:
        raise UserError(f"{path}: {error}; {HELP}") from error
    expected = {key: tensor for key, tensor in net.state_dict().items() if key not in STATISTICS}
    check_layout(path, state, expected, HELP)
    net.load_state_dict(state, strict=False)
    statistics = principal_components(net.requires_grad_(False)) | {"mean_w": mean_w["latent_avg"].flatten()}
    return state | statistics, {"size": str(net.size)}


def build(facts: Mapping[str, str]) -> "StyleGAN2":
    from stages.nets.stylegan2_net import StyleGAN2

    return StyleGAN2(int(facts.get("size", "1024")))


ENTRY = Network("generator", "StyleGAN2", Checkpoint("ffhq.pt", None, "Nvidia Source Code License-NC"), read, build)
