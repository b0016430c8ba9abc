"""FID (Heusel et al. 2017) on pytorch-fid's Inception network, for whoever has its weights."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.scoring.user_files import INCEPTION


def load_inception(weights: Path, device: torch.device, verify: bool = True) -> nn.Module:
    """Load pytorch-fid's Inception from a file at hand; nothing is downloaded.

    `verify`: whether its sha256 must be the published one.

    Raises:
        UserError: the file is missing or not the published one.
    """
    if verify:
        INCEPTION.check(weights)
    from pytorch_fid import inception

    # pytorch-fid builds the network and fetches its weights in one function: hand it the file instead.
    fetch = inception.load_state_dict_from_url
    inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights, map_location="cpu", weights_only=True)
    try:
        network: nn.Module = inception.InceptionV3([inception.InceptionV3.BLOCK_INDEX_BY_DIM[2048]]).eval().to(device)
        return network
    finally:
        inception.load_state_dict_from_url = fetch


def pool_features(network: nn.Module, image: Tensor) -> Tensor:
    """The 2048 pooled features (B, 2048) of images (B, 3, H, W) in [-1, 1]; the network resizes to 299 px itself."""
    (features,) = network((image.clamp(-1, 1) + 1) / 2)
    return functional.adaptive_avg_pool2d(features, 1).flatten(1)
