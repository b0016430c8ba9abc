"""Weight files of the networks that the project trains itself: in half precision, with sizes in the metadata."""

from collections.abc import Mapping

import torch
from torch import nn

from stages.formats.weight_files import weights_bytes


@torch.no_grad()
def halved(net: nn.Module, origin: Mapping[str, str]) -> bytes:
    """The file of a network, which is rounded in place: what is measured afterwards is what the file holds."""
    half = {name: tensor.half() for name, tensor in net.state_dict().items()}
    net.load_state_dict(half)
    return weights_bytes(half, origin)
