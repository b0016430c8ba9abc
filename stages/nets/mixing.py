"""Features of several regions in one map."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def mixed(of_each: Sequence[Tensor], shares: Tensor) -> Tensor:
    """Σ share_k · features_k, (B, C, h, w), of K maps of features (B, C, h, w) and shares (B, K, H, W).

    Shares that sum to 1 over K do so at every size: they are reduced by area, and enlarged linearly.
    """
    size = of_each[0].shape[-2:]
    if size[0] < shares.shape[-2]:
        shares = functional.interpolate(shares, size=size, mode="area")
    elif size != shares.shape[-2:]:
        shares = functional.interpolate(shares, size=size, mode="bilinear")
    of_all = torch.stack(list(of_each), 1)
    return (of_all * shares[:, :, None].to(of_all)).sum(1)
