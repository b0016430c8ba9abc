"""LPIPS (Zhang et al. 2018), version 0.1, on the network that the PyPI package `lpips` defines."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from stages.nets.sliced_network import LABELS, SlicedNetwork


class LPIPS(SlicedNetwork):
    """A `Perceptual` (see `stages.nets`); images are (B, 3, H, W) in [-1, 1], the state dict is the package's own."""

    def __init__(self, backbone: str = "vgg") -> None:
        import lpips  # a second of imports, torchvision's too, that the other networks' users need not wait for

        super().__init__()
        self.name = f"LPIPS-{LABELS[backbone]}-v0.1"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it calls torchvision with a deprecated argument
            package = lpips.LPIPS(net=backbone, pretrained=False, pnet_rand=True, verbose=False)
        self.scaling_layer, self.net = package.scaling_layer, package.net
        self.blocks = package.L
        for i, head in enumerate(package.lins):
            self.add_module(f"lin{i}", head)
        self.lins = package.lins  # the same heads again, under the package's second name for them
        self.requires_grad_(False)

    def head(self, i: int) -> Tensor:
        """The weights (C,) of the channels of block i; the package's dropout in front of them is for training."""
        weights: Tensor = self.lins[i].model[-1].weight.flatten()
        return weights


def lpips_state(backbone: str, backbone_state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """State dict of `LPIPS(backbone)` from torchvision's ImageNet weights and the heads in the installed package.

    Args:
        backbone: "vgg" or "alex".
        backbone_state: state dict of torchvision's vgg16 or alexnet; what is no `features.*` is ignored.

    Raises:
        KeyError: a tensor that the backbone must have is missing or of another shape.
    """
    import lpips

    heads = torch.load(
        Path(lpips.__file__).parent / "weights" / "v0.1" / f"{backbone}.pth", map_location="cpu", weights_only=True
    )
    state = {}
    for key, tensor in LPIPS(backbone).state_dict().items():
        part, _, rest = key.partition(".")
        if part == "net":  # net.slice1.0.weight
            source = f"features.{rest.partition('.')[2]}"
            if source not in backbone_state or backbone_state[source].shape != tensor.shape:
                raise KeyError(source)
            tensor = backbone_state[source]
        elif part == "lins":  # lins.0.model.1.weight
            tensor = heads[f"lin{rest}"]
        elif part.startswith("lin"):  # lin0.model.1.weight
            tensor = heads[key]
        state[key] = tensor.clone()  # a weight file must not hold one tensor under two names
    return state
